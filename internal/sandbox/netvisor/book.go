package netvisor

import (
	"fmt"
	"iter"
	"maps"
	"slices"
	"sync"
	"time"
)

// book is the customers of one company. Generated ones exist only as numbers until they are asked for; kept holds those that were
// loaded, added or edited, and nil for those that were removed. Customers in kept are never changed in place.
type book struct {
	clock func() time.Time

	mu     sync.Mutex
	gen    generator
	kept   map[int64]*Customer
	order  []int64 // keys of customers that are not generated, in list order
	next   int64   // the key of the next customer to be added
	shared bool    // a snapshot reads kept and order, so the next change copies them first
}

// snapshot is a book as it was at one moment.
type snapshot struct {
	at    time.Time
	gen   generator
	kept  map[int64]*Customer
	order []int64
}

// fill puts loaded customers in an empty book.
func (b *book) fill(loaded []*Customer) {
	b.kept = make(map[int64]*Customer, len(loaded))
	b.next = firstKey
	for _, c := range loaded {
		b.kept[c.key] = c
		b.order = append(b.order, c.key)
		b.next = max(b.next, c.key+1)
	}
}

// generate adds n generated customers behind what is there, and TEMP where nothing is in its place.
func (b *book) generate(seed uint64, organisation string, n int, oddIdentity bool) {
	if b.kept == nil {
		b.kept = map[int64]*Customer{}
		b.next = firstKey
	}
	if _, taken := b.kept[tempKey]; !taken {
		b.kept[tempKey] = tempCustomer()
		b.order = slices.Insert(b.order, 0, tempKey)
	}
	b.gen = newGenerator(seed, organisation, b.next, n, oddIdentity)
	b.next = b.gen.end()
}

// snapshot is the book now. It costs nothing; the next change pays.
func (b *book) snapshot() snapshot {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.shared = true
	return snapshot{at: b.clock(), gen: b.gen, kept: b.kept, order: b.order}
}

func (b *book) own() {
	if b.shared {
		b.kept, b.order, b.shared = maps.Clone(b.kept), slices.Clone(b.order), false
	}
}

func (b *book) edit(key int64, f func(*Customer) error) (*Customer, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	old, ok := snapshot{gen: b.gen, kept: b.kept}.get(key)
	if !ok {
		return nil, fmt.Errorf("customer %d: %w", key, ErrNotFound)
	}
	c := old.clone()
	if err := f(c); err != nil {
		return nil, err
	}
	c.changed = b.clock().Truncate(time.Second)
	b.own()
	b.kept[key] = c
	return c.clone(), nil
}

func (b *book) add(f func(*Customer) error) (*Customer, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	c := newCustomer(b.next)
	if err := f(c); err != nil {
		return nil, err
	}
	c.changed = b.clock().Truncate(time.Second)
	b.own()
	b.next++
	b.kept[c.key] = c
	b.order = append(b.order, c.key)
	return c.clone(), nil
}

func (b *book) remove(key int64) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if _, ok := (snapshot{gen: b.gen, kept: b.kept}).get(key); !ok {
		return fmt.Errorf("customer %d: %w", key, ErrNotFound)
	}
	b.own()
	if _, generated := b.gen.index(key); generated {
		b.kept[key] = nil
		return nil
	}
	delete(b.kept, key)
	b.order = slices.DeleteFunc(b.order, func(k int64) bool { return k == key })
	return nil
}

// get is the customer with that key. What it returns must not be changed.
func (s snapshot) get(key int64) (*Customer, bool) {
	if c, ok := s.kept[key]; ok {
		return c, c != nil
	}
	if i, ok := s.gen.index(key); ok {
		return s.gen.customer(i), true
	}
	return nil, false
}

// summaries are all customers in list order: by key, as long as only the sandbox gave the keys.
func (s snapshot) summaries() iter.Seq[summary] {
	return func(yield func(summary) bool) {
		before, after := s.order, []int64(nil)
		if s.gen.count > 0 {
			for i, k := range s.order {
				if k >= s.gen.first {
					before, after = s.order[:i], s.order[i:]
					break
				}
			}
		}
		for _, k := range before {
			if !yield(s.kept[k].summary()) {
				return
			}
		}
		for i := range s.gen.count {
			one := s.gen.summary
			if c, ok := s.kept[s.gen.key(i)]; ok {
				if c == nil {
					continue
				}
				one = func(int) summary { return c.summary() }
			}
			if !yield(one(i)) {
				return
			}
		}
		for _, k := range after {
			if !yield(s.kept[k].summary()) {
				return
			}
		}
	}
}

// len is the number of customers.
func (s snapshot) len() int {
	n := s.gen.count + len(s.order)
	for _, c := range s.kept {
		if c == nil {
			n--
		}
	}
	return n
}

// Edit changes one customer as a person of the company would, and marks it changed. The function works on a copy; an error from it
// is returned and changes nothing. The organisation may be empty for the first company; an unknown one or an unknown key is ErrNotFound.
func (s *Sandbox) Edit(organisation string, key int64, f func(*Customer) error) error {
	c, err := s.company(organisation)
	if err != nil {
		return err
	}
	_, err = c.book.edit(key, f)
	return err
}

// Add makes a customer with a new key, lets the function fill it, and returns the key.
func (s *Sandbox) Add(organisation string, f func(*Customer) error) (int64, error) {
	c, err := s.company(organisation)
	if err != nil {
		return 0, err
	}
	added, err := c.book.add(f)
	if err != nil {
		return 0, err
	}
	return added.key, nil
}

// Remove deletes a customer. Its key is not used again.
func (s *Sandbox) Remove(organisation string, key int64) error {
	c, err := s.company(organisation)
	if err != nil {
		return err
	}
	return c.book.remove(key)
}

// Get is a copy of one customer; false means there is none.
func (s *Sandbox) Get(organisation string, key int64) (*Customer, bool) {
	c, err := s.company(organisation)
	if err != nil {
		return nil, false
	}
	found, ok := c.book.snapshot().get(key)
	if !ok {
		return nil, false
	}
	return found.clone(), true
}

// Customers are copies of all customers of a company as they are now, TEMP among them, in list order. An unknown company has none.
func (s *Sandbox) Customers(organisation string) iter.Seq[*Customer] {
	return func(yield func(*Customer) bool) {
		c, err := s.company(organisation)
		if err != nil {
			return
		}
		now := c.book.snapshot()
		for row := range now.summaries() {
			if found, ok := now.get(row.key); ok && !yield(found.clone()) {
				return
			}
		}
	}
}
