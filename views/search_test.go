package views

import (
	"testing"

	"protocol.chat/console/models"
)

// TestSearchHasWords checks that each operator, value and built-in view of the models is
// described.
func TestSearchHasWords(t *testing.T) {
	filters := 0
	for _, o := range models.Operators {
		if (o.Kind == models.ChoiceValue) == (operatorFinds[o.Key] != "") {
			t.Errorf("%s: it finds %q", o.Key, operatorFinds[o.Key])
		}
		for _, value := range o.Values {
			if filters++; filterFinds[o.Key+":"+value] == "" {
				t.Errorf("%s:%s has no words", o.Key, value)
			}
		}
	}
	if filters != len(filterFinds) {
		t.Errorf("words for %d filters of %d", len(filterFinds), filters)
	}
	for _, v := range models.BuiltInViews {
		if title, known := BuiltInTitle(v.ID); !known || title == "" {
			t.Errorf("the view %s has no name", v.ID)
		}
	}
}
