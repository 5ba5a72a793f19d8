package views

import (
	"strings"
	"testing"
)

func TestTheTrendOfMembers(t *testing.T) {
	for words, days := range map[string][]int{
		"4 members, 3 more than on 21 November":           {1, 2, 4},
		"1 member, 3 fewer than on 21 November":           {4, 2, 1},
		"2 members, as many as on 21 November; at most 3": {2, 3, 2},
	} {
		chart := draw(t, memberTrend(GroupDetail{MembersByDay: days, Now: noon}))
		if !strings.Contains(chart, "<figcaption>"+words+"</figcaption>") || strings.Count(chart, ",") < len(days) {
			t.Errorf("%v gives %s, want %q", days, chart, words)
		}
	}
	if (GroupDetail{MembersByDay: []int{2, 2}}).membersChanged() {
		t.Error("a number that didn't change has a chart")
	}
}
