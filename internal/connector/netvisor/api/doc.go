// Package api is Netvisor's customer register on the wire: the elements of its replies as Go types, and a reader that takes
// them from an untrusted stream in bounded memory.
//
// It follows the Netvisor contract sections 2 to 4.2: element names match in any case and any order, empty and missing
// elements are the same, a list with one element is a list, and an element nobody has heard of is skipped and named. It
// knows nothing of the hub, of HTTP, or of what the values mean.
package api
