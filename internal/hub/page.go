package hub

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"strconv"
	"time"

	"customerhub/internal/fault"
	"customerhub/internal/pg"
	"customerhub/internal/store"
)

func itoa(n int) string { return strconv.Itoa(n) }

// window is a checked Page.
type window struct {
	limit         int
	backwards     bool
	after, before string
}

// window checks the page: First or Last but not both, none negative or above MaxPageSize.
func (p Page) window() (window, error) {
	w := window{limit: DefaultPageSize, after: p.After, before: p.Before}
	size, name := p.First, "first"
	switch {
	case p.First != nil && p.Last != nil:
		return window{}, fault.Because(fault.Invalid, "PAGE_INVALID", "Ask for first or for last, not for both.").At("first")
	case p.Last != nil:
		size, name, w.backwards = p.Last, "last", true
	case p.First == nil && p.Before != "" && p.After == "":
		// A cursor to read before, without a size, still reads the rows next to it.
		w.backwards = true
	}
	if size != nil {
		w.limit = *size
	}
	if w.limit < 0 || w.limit > MaxPageSize {
		return window{}, fault.Because(fault.Invalid, "PAGE_SIZE", "A page holds 0 to %d items; %s asks for %d.", MaxPageSize, name, w.limit).At(name)
	}
	return w, nil
}

// info says what lies around the page. more tells of the reading direction; of the other side, a cursor tells that there is
// at least the item it stands for.
func (w window) info(more bool) PageInfo {
	if w.backwards {
		return PageInfo{HasPrevious: more, HasNext: w.before != ""}
	}
	return PageInfo{HasNext: more, HasPrevious: w.after != ""}
}

// cursors gives the place from which to read, in reading direction, and the one to stop at.
func (w window) cursors(order string) (from, to *position, err error) {
	after, err := parsePosition(w.after, order, "after")
	if err != nil {
		return nil, nil, err
	}
	before, err := parsePosition(w.before, order, "before")
	if w.backwards {
		return before, after, err
	}
	return after, before, err
}

// position is where an item stands in a list: the order the list has, the item's key in it, and its id.
type position struct {
	Order string `json:"o"`
	Key   string `json:"k"`
	ID    string `json:"i"`
}

// cursorVersion begins every cursor, so that a later form can be told from this one.
const cursorVersion = "list1:"

func (p position) cursor() string {
	encoded, err := json.Marshal(p)
	if err != nil {
		return "" // three texts always encode
	}
	return base64.RawURLEncoding.EncodeToString(append([]byte(cursorVersion), encoded...))
}

// parsePosition reads a cursor that position.cursor made for a list of the same order; nil for an empty one.
func parsePosition(cursor, order, name string) (*position, error) {
	if cursor == "" {
		return nil, nil
	}
	invalid := fault.Because(fault.Invalid, "CURSOR_INVALID", "This is not a cursor of this list.").At(name)
	raw, err := base64.RawURLEncoding.DecodeString(cursor)
	if err != nil || len(raw) < len(cursorVersion) || string(raw[:len(cursorVersion)]) != cursorVersion {
		return nil, invalid
	}
	var p position
	if err := json.Unmarshal(raw[len(cursorVersion):], &p); err != nil || !pg.IsUUID(p.ID) || p.cursor() != cursor {
		return nil, invalid
	}
	if p.Order == order && !validKey(order, p.Key) {
		return nil, invalid
	}
	if p.Order != order {
		return nil, fault.Because(fault.Invalid, "CURSOR_INVALID", "This cursor comes from a list in another order.").At(name)
	}
	return &p, nil
}

// validKey says whether a key can be one of the order: the database would call it an error of ours.
func validKey(order, key string) bool {
	var err error
	switch store.CustomerSort(order) {
	case store.SortByName, byPersonName:
		_, err = hex.DecodeString(key)
	case store.SortByUpdate:
		_, err = strconv.ParseInt(key, 10, 64)
	case store.SortByKYCExpires:
		if key != "infinity" {
			_, err = time.Parse(time.DateOnly, key)
		}
	case store.SortByNumber:
	}
	return err == nil
}

// timeKey is a time as the key of a position.
func timeKey(t time.Time) string { return t.UTC().Format(time.RFC3339Nano) }

func parseTimeKey(key string) (time.Time, error) {
	t, err := time.Parse(time.RFC3339Nano, key)
	if err != nil {
		return time.Time{}, fault.Because(fault.Invalid, "CURSOR_INVALID", "This is not a cursor of this list.").At("after")
	}
	return t, nil
}
