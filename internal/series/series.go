// Package series is about customer numbers that are given one after the other: which systems give numbers so, how fast, and when one
// comes to numbers that another has given. Two that meet give the same number to two customers (R91, R92). The package is pure.
package series

import (
	"cmp"
	"math"
	"slices"
	"strconv"
	"time"

	"customerhub/internal/system"
)

const (
	// Gap is how far apart two numbers of a series are at most: people skip some, and records are deleted.
	Gap = 1000
	// Fewest is how many numbers make a series. Fewer are numbers that somebody chose.
	Fewest = 5
	// Near is how many numbers ahead a meeting is told of, whatever the pace (flex contract, section 3: the next 10 000).
	Near = 10_000
	// Soon is how far ahead a meeting is told of.
	Soon = 365 * 24 * time.Hour
	// shortest is how long a series has to be watched before a pace is believed.
	shortest = 7 * 24 * time.Hour
	// longest is how many days ahead a meeting is foreseen at most.
	longest = 100 * 365
)

// Series is numbers that one giver gave, close together.
type Series struct {
	// Giver is the system that the customers with these numbers came from; empty for the hub.
	Giver system.ID
	// Prefix is what stands before the digits; mostly nothing. Leading zeros do not count: 0120 and 120 are taken for one another by
	// people, whatever programs say.
	Prefix string
	// First and Last are the lowest and the highest number, and Count how many there are.
	First, Last int64
	Count       int
	// Since is when watching began, and Then the highest number at that time. The pace comes of these.
	Since time.Time
	Then  int64
}

// PerDay is how many numbers the series goes up by in a day; 0 where it stands still or has not been watched for a week.
func (s Series) PerDay(now time.Time) float64 {
	watched := now.Sub(s.Since)
	if s.Since.IsZero() || watched < shortest || s.Last <= s.Then {
		return 0
	}
	return float64(s.Last-s.Then) / (watched.Hours() / 24)
}

// Number writes the number n of the series.
func (s Series) Number(n int64) string { return s.Prefix + strconv.FormatInt(n, 10) }

// Meeting is where a series comes to numbers of another giver.
type Meeting struct {
	Series Series
	// With is whose numbers they are; empty for the hub.
	With system.ID
	// At is the number of theirs that it comes to, and Left how many numbers are left before it. Nothing is left where the two lie in one
	// another: At is then what the series gives next.
	At   int64
	Left int64
	// On is when the series comes there at its pace, which is now where nothing is left; zero where it stands still or its pace is not
	// known.
	On time.Time
}

// Told says whether people are to be told: the two are near, or meet within a year.
func (m Meeting) Told(now time.Time) bool {
	return m.Left <= Near || !m.On.IsZero() && m.On.Before(now.Add(Soon))
}

// Meetings says of each series, in the order given, what it meets first; series with nothing before them are left out. What lies behind
// the last number of a series is no danger to it, though it may be to the one behind.
func Meetings(all []Series, now time.Time) []Meeting {
	var out []Meeting
	for _, s := range all {
		ahead := slices.DeleteFunc(slices.Clone(all), func(o Series) bool {
			return o.Giver == s.Giver || o.Prefix != s.Prefix || o.Last < s.Last
		})
		if len(ahead) == 0 {
			continue
		}
		next := slices.MinFunc(ahead, func(a, b Series) int {
			return cmp.Or(cmp.Compare(a.First, b.First), cmp.Compare(a.Giver, b.Giver))
		})
		out = append(out, meet(s, next, now))
	}
	return out
}

func meet(s, other Series, now time.Time) Meeting {
	m := Meeting{Series: s, With: other.Giver, At: other.First, Left: other.First - s.Last - 1}
	if m.Left <= 0 {
		m.At, m.Left, m.On = s.Last+1, 0, now
	} else if pace := s.PerDay(now); pace > 0 {
		days := math.Min(math.Ceil(float64(m.Left)/pace), longest)
		m.On = now.Add(time.Duration(days) * 24 * time.Hour)
	}
	return m
}
