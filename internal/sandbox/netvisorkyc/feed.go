package netvisorkyc

import (
	"net/http"
	"slices"
)

// apiChanges answers GET /changes. Without a cursor it begins with the oldest entry kept [assumed]; the cursor of the last page stays good
// for the next poll.
func (s *Sandbox) apiChanges(c *apiCall) (answer, error) {
	if err := c.only("limit", "cursor"); err != nil {
		return answer{}, err
	}
	limit, err := c.limit()
	if err != nil {
		return answer{}, err
	}
	o := c.org
	what, after := "changes "+o.ID, o.purged
	if text := c.query.Get("cursor"); text != "" {
		at, err := readCursor(text, what)
		if err != nil {
			return answer{}, err
		}
		// One from the future is of a sandbox that has lost its memory: what happened since is not known either.
		if after = at.Num; after < o.purged || after > o.lastSeq {
			return answer{}, refuse(http.StatusGone, CodeCursorExpired, "the feed no longer reaches back to the cursor; compare everything and begin without one")
		}
	}
	page := list[Change]{Items: []Change{}}
	from, _ := slices.BinarySearchFunc(o.feed, after+1, func(c Change, seq int64) int { return int(c.Seq - seq) })
	for _, change := range o.feed[from:] {
		if len(page.Items) == limit {
			page.HasMore = true
			break
		}
		page.Items = append(page.Items, change)
		after = change.Seq
	}
	page.NextCursor = cursor{What: what, Num: after}.text()
	return answer{status: http.StatusOK, body: page}, nil
}
