package main

import (
	"math/rand/v2"
	"strings"
	"testing"
)

func TestInventedPeopleAreDistinctAndInvented(t *testing.T) {
	t.Parallel()
	p := newPeople(rand.New(rand.NewPCG(1, 2)))
	seen := map[string]bool{}
	for range 12_000 {
		id := p.next()
		for _, unique := range []string{id.label, id.familyName, id.nhsNumber, id.crn} {
			if unique == "" {
				continue
			}
			if seen[unique] || taken[unique] {
				t.Fatalf("%s is given twice", unique)
			}
			seen[unique] = true
		}
		if !strings.HasPrefix(id.nhsNumber, "9990") || len(id.nhsNumber) != 10 {
			t.Fatalf("%s is not of the block 999 0", id.nhsNumber)
		}
		if id.crn != "" && (!strings.HasPrefix(id.crn, "X99") || len(id.crn) != 7) {
			t.Fatalf("%s is not an X99 CRN", id.crn)
		}
		if !strings.HasPrefix(id.givenName, "TEST ") {
			t.Fatalf("%s could be somebody", id.givenName)
		}
	}
}

func TestCheckDigits(t *testing.T) {
	t.Parallel()
	for nine, want := range map[string]string{
		"987654321": "9876543210", "400000063": "4000000632", "943476591": "9434765919",
		"999000101": "9990001014", "999000201": "9990002010", "999000301": "9990003017", "999000302": "9990003025",
	} {
		if got, ok := nhsNumber(nine); !ok || got != want {
			t.Errorf("%s completes to %s, want %s", nine, got, want)
		}
	}
	if got, ok := nhsNumber("000000006"); ok {
		t.Errorf("000000006 has no check digit, got %s", got)
	}
}
