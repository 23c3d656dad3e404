package main

import (
	"fmt"

	"github.com/google/cel-go/cel"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/cli-utils/pkg/kstatus/status"
)

// expressions are an entry of a Flux Kustomization's healthCheckExprs.
type expressions struct {
	InProgress string `json:"inProgress"`
	Failed     string `json:"failed"`
	Current    string `json:"current"`
}

// fluxSays judges in the order that Flux documents: a generation that was not observed is in
// progress, then inProgress, failed and current are asked, and what is none of them is in progress.
// An expression that cannot be evaluated fails the health check.
func fluxSays(exprs expressions, object *unstructured.Unstructured) (string, error) {
	observed, known, err := unstructured.NestedInt64(object.Object, "status", "observedGeneration")
	if err != nil {
		return "", err
	}
	if known && observed != object.GetGeneration() {
		return status.InProgressStatus.String(), nil
	}
	for _, one := range []struct {
		expression string
		verdict    status.Status
	}{
		{exprs.InProgress, status.InProgressStatus},
		{exprs.Failed, status.FailedStatus},
		{exprs.Current, status.CurrentStatus},
	} {
		if one.expression == "" {
			continue
		}
		holds, err := holds(one.expression, object.Object)
		if err != nil {
			return "", fmt.Errorf("%s: %w", one.expression, err)
		}
		if holds {
			return one.verdict.String(), nil
		}
	}
	return status.InProgressStatus.String(), nil
}

// holds parses without a check of types, as Flux does: it knows no schema of the object.
func holds(expression string, object map[string]any) (bool, error) {
	environment, err := cel.NewEnv(cel.OptionalTypes(), cel.CrossTypeNumericComparisons(true))
	if err != nil {
		return false, err
	}
	parsed, issues := environment.Parse(expression)
	if issues != nil {
		return false, issues.Err()
	}
	program, err := environment.Program(parsed)
	if err != nil {
		return false, err
	}
	value, _, err := program.Eval(object)
	if err != nil {
		return false, err
	}
	answer, ok := value.Value().(bool)
	if !ok {
		return false, fmt.Errorf("not true or false: %v", value)
	}
	return answer, nil
}
