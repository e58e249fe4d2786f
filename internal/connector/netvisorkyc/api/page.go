package api

import (
	"encoding/json"

	"customerhub/internal/connector/rest"
)

// Text is a scalar in whatever form it came.
type Text = rest.Text

// Page is a page of a list or of the change feed (contract section 4, paging).
type Page struct {
	Items      []json.RawMessage `json:"items"`
	NextCursor Text              `json:"nextCursor"`
	HasMore    *bool             `json:"hasMore"`
}

// ReadPage reads a page. It is believed only as a whole: one that does not say whether it is the last is broken, since it would make a
// list look complete that is not.
func ReadPage(data []byte) (Page, error) {
	var p Page
	odd, err := rest.Decode(data, &p)
	switch {
	case err != nil:
		return Page{}, err
	case odd != "", p.Items == nil, p.HasMore == nil:
		return Page{}, rest.Broken("it is no page of a list")
	case *p.HasMore && p.NextCursor == "":
		return Page{}, rest.Broken("it says that there is more, and not where")
	}
	return p, nil
}
