package graph

import (
	"customerhub/graph/model"
	"customerhub/internal/hub"
)

func toPage(first *int, after *string, last *int, before *string) hub.Page {
	return hub.Page{First: first, After: value(after), Last: last, Before: value(before)}
}

func toPageInfo(i hub.PageInfo, cursors []string) *model.PageInfo {
	out := &model.PageInfo{HasNextPage: i.HasNext, HasPreviousPage: i.HasPrevious}
	if n := len(cursors); n > 0 {
		out.StartCursor, out.EndCursor = &cursors[0], &cursors[n-1]
	}
	return out
}
