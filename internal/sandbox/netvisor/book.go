package netvisor

import (
	"fmt"
	"iter"
	"maps"
	"slices"
	"strconv"
	"sync"
	"time"
)

// book is the customers of one company. Generated ones exist only as numbers until they are asked for; kept holds those that were
// loaded, added or edited, and nil for those that were removed. Customers in kept are never changed in place.
type book struct {
	clock func() time.Time

	mu      sync.Mutex
	gen     generator
	kept    shelf
	epoch   uint64             // counts snapshots; shelf parts of an older epoch are copied before they change
	order   []int64            // keys of customers that are not generated, in list order
	next    int64              // the key of the next customer to be added
	filled  bool               // with loaded customers
	removed int                // generated customers that were removed
	gone    []int64            // loaded customers that were removed
	codes   map[string][]int64 // kept customers by their code
	series  int64              // the next customer code that automatic numbering tries
	lists   registers
	learnt  []named // what the lists hold beyond what every sandbox starts with and what was loaded
}

// shelves is into how many parts a shelf is divided. A change after a snapshot copies one part only, so that a hundred thousand
// edits with a list between any two stay cheap.
const shelves = 512

// shelf is customers by key.
type shelf [shelves]*shelfPart

type shelfPart struct {
	epoch uint64
	byKey map[int64]*Customer
}

func (s *shelf) get(key int64) (*Customer, bool) {
	part := s[uint64(key)%shelves]
	if part == nil {
		return nil, false
	}
	c, ok := part.byKey[key]
	return c, ok
}

// snapshot is a book as it was at one moment.
type snapshot struct {
	at      time.Time
	gen     generator
	kept    shelf
	order   []int64
	removed int
}

// fill puts loaded customers in an empty book.
func (b *book) fill(loaded []*Customer) {
	b.next, b.filled = firstKey, true
	for _, c := range loaded {
		b.put(c.key, c)
		b.order = append(b.order, c.key)
		b.next = max(b.next, c.key+1)
		b.lists.learn(c)
	}
}

// generate adds n generated customers behind what is there, and TEMP where nothing is in its place.
func (b *book) generate(seed uint64, organisation string, n int, oddIdentity bool) {
	b.next = max(b.next, firstKey)
	if _, taken := b.kept.get(tempKey); !taken {
		b.put(tempKey, tempCustomer())
		b.order = slices.Insert(b.order, 0, tempKey)
	}
	b.gen = newGenerator(seed, organisation, b.next, n, oddIdentity)
	b.next = b.gen.end()
}

// snapshot is the book now.
func (b *book) snapshot() snapshot {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.freeze()
}

// freeze is snapshot for a caller who holds the lock.
func (b *book) freeze() snapshot {
	b.epoch++
	return snapshot{at: b.clock(), gen: b.gen, kept: b.kept, order: b.order, removed: b.removed}
}

// put keeps a customer under a key, or nil for one that is no more, and the codes with it. The caller holds the lock.
func (b *book) put(key int64, c *Customer) {
	part := b.kept[uint64(key)%shelves]
	switch {
	case part == nil:
		part = &shelfPart{b.epoch, map[int64]*Customer{}}
	case part.epoch != b.epoch:
		part = &shelfPart{b.epoch, maps.Clone(part.byKey)}
	}
	b.kept[uint64(key)%shelves] = part
	if old := part.byKey[key]; old != nil {
		code := old.Get("code")
		if left := slices.DeleteFunc(b.codes[code], func(k int64) bool { return k == key }); len(left) > 0 {
			b.codes[code] = left
		} else {
			delete(b.codes, code)
		}
	}
	part.byKey[key] = c
	if c == nil || c.Get("code") == "" {
		return
	}
	if b.codes == nil {
		b.codes = map[string][]int64{}
	}
	b.codes[c.Get("code")] = append(b.codes[c.Get("code")], key)
}

// get is the customer with that key, which must not be changed. The caller holds the lock.
func (b *book) get(key int64) (*Customer, bool) {
	return find(&b.kept, b.gen, key)
}

// one is the customer with that key, which must not be changed, and the moment it was so.
func (b *book) one(key int64) (*Customer, time.Time, bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	c, ok := b.get(key)
	return c, b.clock(), ok
}

// holders are the keys of the customers with that code, ascending. The caller holds the lock.
func (b *book) holders(code string) []int64 {
	keys := slices.Clone(b.codes[code])
	for _, i := range b.gen.withCode(code) {
		if _, kept := b.kept.get(b.gen.key(i)); !kept {
			keys = append(keys, b.gen.key(i))
		}
	}
	slices.Sort(keys)
	return keys
}

// number takes the next free code of the series. The caller holds the lock.
func (b *book) number() string {
	for {
		code := strconv.FormatInt(b.series, 10)
		b.series++
		if len(b.holders(code)) == 0 {
			return code
		}
	}
}

// changed is one customer before and after; before is nil for a new one, after for one that was removed.
type changed struct{ before, after *Customer }

// edit changes a copy of one customer and keeps it when the function does not fail. The last function is told of the change before anybody else
// can see or change the book.
func (b *book) edit(key int64, f func(*Customer) error, tell func(changed)) (*Customer, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	old, ok := b.get(key)
	if !ok {
		return nil, fmt.Errorf("customer %d: %w", key, ErrNotFound)
	}
	c := old.clone()
	if err := f(c); err != nil {
		return nil, err
	}
	if !c.quiet {
		c.changed = b.clock().Truncate(time.Second)
	}
	c.quiet, c.touched = false, true
	b.put(key, c)
	tell(changed{old, c})
	return c.clone(), nil
}

func (b *book) add(f func(*Customer) error, tell func(changed)) (*Customer, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	c := newCustomer(b.next)
	if err := f(c); err != nil {
		return nil, err
	}
	c.changed, c.quiet, c.touched = b.clock().Truncate(time.Second), false, true
	b.next++
	b.put(c.key, c)
	b.order = append(b.order, c.key)
	tell(changed{nil, c})
	return c.clone(), nil
}

// remove takes a customer away, unless the function refuses.
func (b *book) remove(key int64, may func(*Customer) error, tell func(changed)) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	old, ok := b.get(key)
	if !ok {
		return fmt.Errorf("customer %d: %w", key, ErrNotFound)
	}
	if err := may(old); err != nil {
		return err
	}
	b.drop(key)
	tell(changed{old, nil})
	return nil
}

// drop forgets a customer. The caller holds the lock.
func (b *book) drop(key int64) {
	b.put(key, nil)
	if _, generated := b.gen.index(key); generated {
		b.removed++
		return
	}
	delete(b.kept[uint64(key)%shelves].byKey, key)
	b.gone = append(b.gone, key)
	b.order = slices.DeleteFunc(slices.Clone(b.order), func(k int64) bool { return k == key })
}

// get is the customer with that key. What it returns must not be changed.
func (s *snapshot) get(key int64) (*Customer, bool) { return find(&s.kept, s.gen, key) }

func find(kept *shelf, gen generator, key int64) (*Customer, bool) {
	if c, ok := kept.get(key); ok {
		return c, c != nil
	}
	if i, ok := gen.index(key); ok {
		return gen.customer(i), true
	}
	return nil, false
}

// summaries are all customers in list order: by key, as long as only the sandbox gave the keys.
func (s *snapshot) summaries() iter.Seq[summary] {
	shown := func(key int64) summary {
		c, _ := s.kept.get(key)
		return c.summary()
	}
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
			if !yield(shown(k)) {
				return
			}
		}
		for i := range s.gen.count {
			one := s.gen.summary
			if c, ok := s.kept.get(s.gen.key(i)); ok {
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
			if !yield(shown(k)) {
				return
			}
		}
	}
}

// list is the book now with the customers that are candidates for a list: all of them, or, where codes are asked for and can be looked up,
// those that have one of them. Customers that were loaded can have another code in the list than on their card, so they are looked through.
func (b *book) list(codes []string) (*snapshot, iter.Seq[summary]) {
	b.mu.Lock()
	var keys []int64
	byCode := len(codes) > 0 && !b.filled
	if byCode {
		for _, code := range codes {
			keys = append(keys, b.holders(code)...)
		}
		slices.Sort(keys) // the order of the list, where nothing was loaded
		keys = slices.Compact(keys)
	}
	now := b.freeze()
	b.mu.Unlock()
	if !byCode {
		return &now, now.summaries()
	}
	return &now, func(yield func(summary) bool) {
		for _, key := range keys {
			if c, ok := now.get(key); ok && !yield(c.summary()) {
				return
			}
		}
	}
}

// len is the number of customers.
func (s *snapshot) len() int { return s.gen.count + len(s.order) - s.removed }

// Edit changes one customer as a person of the company would, and marks it changed. The function works on a copy; an error from it
// is returned and changes nothing. The organisation may be empty for the first company; an unknown one or an unknown key is ErrNotFound.
func (s *Sandbox) Edit(organisation string, key int64, f func(*Customer) error) error {
	c, err := s.company(organisation)
	if err != nil {
		return err
	}
	_, err = s.edit(c, key, &origin{by: byProgram}, f)
	return err
}

// Add makes a customer with a new key, lets the function fill it, and returns the key.
func (s *Sandbox) Add(organisation string, f func(*Customer) error) (int64, error) {
	c, err := s.company(organisation)
	if err != nil {
		return 0, err
	}
	added, err := s.add(c, &origin{by: byProgram}, f)
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
	return s.remove(c, key, &origin{by: byProgram}, func(*Customer) error { return nil })
}

// Get is a copy of one customer; false means there is none.
func (s *Sandbox) Get(organisation string, key int64) (*Customer, bool) {
	c, err := s.company(organisation)
	if err != nil {
		return nil, false
	}
	found, _, ok := c.book.one(key)
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
