// Package api is the interface of Admicom Flex on the wire: the JSON of its answers and of what it is sent, as Go types.
//
// No description of the interface is public, so every name here is [assumed] by the Flex contract (sections 3 and 7). It is read with that
// in mind: what nobody asked for is skipped; a value of another type than expected, or one that is missing, spoils neither its record nor
// its neighbours, and is named, since what is not told is not empty.
//
// What is sent has no member for consumer e-invoicing, so none of it can be (R84, rule F15).
//
// The package knows nothing of the hub, of HTTP, or of what the values mean.
package api
