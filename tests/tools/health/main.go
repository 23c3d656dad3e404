// Command health judges Kubernetes objects as GitOps tools do: Argo CD by a health check in Lua,
// kstatus by its own rules, Flux by kstatus or by expressions in CEL. For tests: it runs the
// libraries that these tools run, so that no test rests on what we think they do.
//
// It reads {"lua": …, "cel": {"inProgress": …, "failed": …, "current": …}, "objects": […]} from
// standard input and writes one verdict for each object.
package main

import (
	"encoding/json"
	"fmt"
	"os"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/cli-utils/pkg/kstatus/status"
)

type question struct {
	Lua     string                      `json:"lua"`
	CEL     expressions                 `json:"cel"`
	Objects []unstructured.Unstructured `json:"objects"`
}

type verdict struct {
	Argo    argoHealth `json:"argo"`
	Kstatus string     `json:"kstatus"`
	Flux    string     `json:"flux"`
}

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run() error {
	var asked question
	if err := json.NewDecoder(os.Stdin).Decode(&asked); err != nil {
		return err
	}
	verdicts := make([]verdict, 0, len(asked.Objects))
	for index := range asked.Objects {
		found, err := judge(&asked, &asked.Objects[index])
		if err != nil {
			return fmt.Errorf("object %d: %w", index, err)
		}
		verdicts = append(verdicts, found)
	}
	return json.NewEncoder(os.Stdout).Encode(verdicts)
}

func judge(asked *question, object *unstructured.Unstructured) (verdict, error) {
	argo, err := argoSays(asked.Lua, object.Object)
	if err != nil {
		return verdict{}, fmt.Errorf("argo: %w", err)
	}
	kstatus, err := status.Compute(object)
	if err != nil {
		return verdict{}, fmt.Errorf("kstatus: %w", err)
	}
	flux, err := fluxSays(asked.CEL, object)
	if err != nil {
		return verdict{}, fmt.Errorf("flux: %w", err)
	}
	return verdict{argo, kstatus.Status.String(), flux}, nil
}
