// Package record builds a connector's record from what a system gives, tolerantly (design section 5): a value that cannot be right is kept and
// noted, in a canonical form where it has one, and a personal identity code is hidden or dropped wherever it stands (Promise 11). The rules are
// the formats contract's and the same for every system; where a value belongs is the connector's.
package record
