package graph

import (
	"slices"
	"testing"

	"customerhub/graph/model"
	"customerhub/internal/run"
)

// TestUndoVerdicts holds the verdicts of the API to those that the hub gives, each with something to say.
func TestUndoVerdicts(t *testing.T) {
	t.Parallel()
	shown := make([]run.Verdict, len(model.AllUndoVerdict))
	for i, v := range model.AllUndoVerdict {
		shown[i] = run.Verdict(v)
	}
	if !slices.Equal(shown, run.Verdicts()) {
		t.Errorf("the schema has %v, the hub gives %v", shown, run.Verdicts())
	}
	said := make(map[string]bool)
	for _, v := range run.Verdicts() {
		if says := v.Says(); says == "" || said[says] {
			t.Errorf("%s says %q", v, says)
		}
		said[v.Says()] = true
	}
}
