package netvisorkyc

import (
	"cmp"
	"iter"
	"slices"
	"time"
)

// register keeps the records of one kind and the order of their last changes, oldest first.
type register[T any] struct {
	byNum map[int64]entry[T]
	order []place // some are out of date: those of a record that has changed since
}

type entry[T any] struct {
	value *T
	at    time.Time
}

// place is where a record stands in a list: ordered by the time of its last change, then by its number.
type place struct {
	at  time.Time
	num int64
}

func (p place) compare(q place) int { return cmp.Or(p.at.Compare(q.at), cmp.Compare(p.num, q.num)) }

func newRegister[T any]() register[T] { return register[T]{byNum: map[int64]entry[T]{}} }

func (r *register[T]) get(num int64) *T { return r.byNum[num].value }

// put puts a record where its last change belongs, which is the end unless a state is being read.
func (r *register[T]) put(num int64, at time.Time, value *T) {
	known, ok := r.byNum[num]
	r.byNum[num] = entry[T]{value, at}
	if ok && known.at.Equal(at) {
		return
	}
	p := place{at, num}
	r.order = append(r.order, p)
	if n := len(r.order); n > 1 && r.order[n-2].compare(p) > 0 {
		slices.SortFunc(r.order, place.compare)
	}
	if len(r.order) > 2*len(r.byNum)+64 {
		r.order = slices.DeleteFunc(r.order, func(p place) bool { return !r.byNum[p.num].at.Equal(p.at) })
	}
}

// after gives the records behind a place, in order.
func (r *register[T]) after(p place) iter.Seq2[place, *T] {
	return func(yield func(place, *T) bool) {
		from, found := slices.BinarySearchFunc(r.order, p, place.compare)
		if found {
			from++
		}
		for _, at := range r.order[from:] {
			if e := r.byNum[at.num]; e.at.Equal(at.at) && !yield(at, e.value) {
				return
			}
		}
	}
}

// all gives the records in order; they may change meanwhile.
func (r *register[T]) all() []*T {
	var out []*T
	for _, v := range r.after(place{}) {
		out = append(out, v)
	}
	return out
}
