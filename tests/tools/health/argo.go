package main

import (
	"fmt"

	lua "github.com/yuin/gopher-lua"
)

type argoHealth struct {
	Status  string `json:"status"`
	Message string `json:"message"`
}

// argoSays runs a health check with the libraries that Argo CD opens for one that is configured in
// argocd-cm: package, base and table. (It opens some of os as well, which we want nobody to need.)
func argoSays(script string, object map[string]any) (argoHealth, error) {
	state := lua.NewState(lua.Options{SkipOpenLibs: true})
	defer state.Close()
	// The package library comes first: the others enter themselves into it.
	for _, one := range []struct {
		name string
		open lua.LGFunction
	}{
		{lua.LoadLibName, lua.OpenPackage},
		{lua.BaseLibName, lua.OpenBase},
		{lua.TabLibName, lua.OpenTable},
	} {
		library := lua.P{Fn: state.NewFunction(one.open), Protect: true}
		if err := state.CallByParam(library, lua.LString(one.name)); err != nil {
			return argoHealth{}, err
		}
	}
	state.SetGlobal("obj", toLua(state, object))
	if err := state.DoString(script); err != nil {
		return argoHealth{}, err
	}
	table, ok := state.Get(-1).(*lua.LTable)
	if !ok {
		return argoHealth{}, fmt.Errorf("the script returns a %s, not a table", state.Get(-1).Type())
	}
	return argoHealth{
		Status:  lua.LVAsString(table.RawGetString("status")),
		Message: lua.LVAsString(table.RawGetString("message")),
	}, nil
}

func toLua(state *lua.LState, value any) lua.LValue {
	switch found := value.(type) {
	case bool:
		return lua.LBool(found)
	case string:
		return lua.LString(found)
	case int64:
		return lua.LNumber(found)
	case float64:
		return lua.LNumber(found)
	case []any:
		table := state.NewTable()
		for _, one := range found {
			table.Append(toLua(state, one))
		}
		return table
	case map[string]any:
		table := state.NewTable()
		for key, one := range found {
			table.RawSetString(key, toLua(state, one))
		}
		return table
	}
	return lua.LNil
}
