// Package merge decides what becomes of two sides of one customer: what the hub takes in, what it has to send out, and
// what stays in dispute. It compares three ways, each side with what that side held when both last agreed (design
// section 5), field group by field group.
//
// It is pure: no clock, no storage, no system. Package reconcile feeds it, package hub commits what it decided.
package merge
