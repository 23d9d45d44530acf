package finding_test

import (
	"reflect"
	"testing"
	"time"

	"pgregory.net/rapid"

	"caseledger/domain/event"
	"caseledger/domain/finding"
)

var (
	subject = event.DeriveUUID("test-subject")
	nobody  = event.DeriveUUID("test-nobody")
	stream  = event.Findings(subject)
	monday  = time.Date(2026, 2, 2, 9, 0, 0, 0, time.UTC)
)

func item(n int) event.ID { return event.DeriveID(subject, stream, subject, n) }

// judged draws one thing that a monitor found. At each item the monitors find
// one thing for one key.
func judged(t *rapid.T) finding.Judged {
	n := rapid.IntRange(1, 3).Draw(t, "item")
	j := finding.Judged{
		Monitor: rapid.SampledFrom([]finding.Monitor{"L01", "L15"}).Draw(t, "monitor"), Version: rapid.IntRange(1, 2).Draw(t, "version"),
		Severity: rapid.SampledFrom(finding.Severities).Draw(t, "severity"), Item: item(n), Key: rapid.SampledFrom([]finding.Note{"", "key"}).Draw(t, "key"),
		Evidence: []event.ID{item(n)}, At: event.At(monday.Add(time.Duration(n) * time.Hour)),
		AsKnown: rapid.Bool().Draw(t, "as known"), Hindsight: true, Side: event.NHS}
	if rapid.Bool().Draw(t, "more evidence") {
		j.Evidence = append(j.Evidence, item(9))
	}
	if j.Monitor == "L15" {
		j.Organisation = rapid.SampledFrom([]event.UUID{subject, nobody}).Draw(t, "organisation")
	}
	return j
}

func judging(t *rapid.T) finding.Judging {
	return finding.Judging{Subject: subject, To: 9, Judged: rapid.SliceOfN(rapid.Custom(judged), 0, 6).Draw(t, "judged")}
}

// apply records drafts on a stream.
func apply(events []event.Recorded, drafts []event.Draft) []event.Recorded {
	for _, d := range drafts {
		events = append(events, event.Recorded{Stream: stream, Data: d.Data, Operational: event.Open, ID: item(100 + len(events)),
			Meta: event.Meta{Effective: d.Effective}})
	}
	return events
}

// What a judging comes to is on the record after one reconciliation: the next
// has nothing to add, and what stands of the people's findings is what was
// found.
func TestReconcilingTwiceAddsNothing(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		var events []event.Recorded
		for range rapid.IntRange(1, 4).Draw(t, "judgings") {
			j := judging(t)
			events = apply(events, finding.Reconcile(finding.Fold(events), j))
			if rapid.Bool().Draw(t, "waive one") && len(j.Judged) > 0 {
				events = apply(events, []event.Draft{{Data: finding.FindingWaived{Finding: j.Judged[0].ID(subject)}}})
			}
			s := finding.Fold(events)
			if again := finding.Reconcile(s, j); len(again) > 0 {
				t.Fatalf("the same judging again records %T", again[0].Data)
			}
			want := map[event.UUID]bool{}
			for _, f := range j.Judged {
				if f.Organisation != nobody {
					want[f.ID(subject)] = true
				}
			}
			for _, f := range s.Findings {
				if f.Judged.Organisation == nobody {
					t.Fatal("another subject's finding is on the stream")
				}
				if f.Judged.Organisation.IsZero() && f.Stands() != want[f.ID] {
					t.Fatalf("%s stands: %v, found: %v", f.Judged.Monitor, f.Stands(), want[f.ID])
				}
				if !f.Judged.Organisation.IsZero() && !f.Stands() {
					t.Fatal("an organisation's finding was withdrawn by a case")
				}
				delete(want, f.ID)
			}
			if len(want) > 0 {
				t.Fatalf("%d findings were not raised", len(want))
			}
		}
	})
}

// In whatever order the people of an organisation are judged, what is found
// once about it is the same in the end.
func TestAnOrganisationsFindingIsItsEarliestInAnyOrder(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		all := rapid.SliceOfN(rapid.Custom(judged), 1, 5).Draw(t, "judged")
		for i := range all {
			all[i].Organisation, all[i].Version, all[i].Severity, all[i].AsKnown, all[i].Evidence = subject, 1, finding.Low, true, nil
		}
		run := func(order []finding.Judged) map[event.UUID]finding.Judged {
			var events []event.Recorded
			for _, j := range order {
				events = apply(events, finding.Reconcile(finding.Fold(events), finding.Judging{Subject: subject, Judged: []finding.Judged{j}}))
			}
			out := map[event.UUID]finding.Judged{}
			for _, f := range finding.Fold(events).Findings {
				out[f.ID] = f.Judged
			}
			return out
		}
		if a, b := run(all), run(rapid.Permutation(all).Draw(t, "order")); !reflect.DeepEqual(a, b) {
			t.Fatalf("got %v in one order and %v in another", a, b)
		}
	})
}

func TestFoldLeavesTheStateItWasGiven(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		var events []event.Recorded
		for range rapid.IntRange(0, 3).Draw(t, "judgings") {
			events = apply(events, finding.Reconcile(finding.Fold(events), judging(t)))
		}
		if len(events) > 0 {
			id := finding.Fold(events).Findings[0].ID
			events = apply(events, []event.Draft{{Data: finding.FindingAcknowledged{Finding: id}}, {Data: finding.FindingResolved{Finding: id, Outcome: "REMEDIED"}}})
		}
		states := []finding.State{{}}
		for _, e := range events {
			states = append(states, finding.Evolve(states[len(states)-1], e))
		}
		for _, s := range states {
			for _, e := range events {
				finding.Evolve(s, e)
			}
		}
		for i, got := range states {
			if want := finding.Fold(events[:i]); !reflect.DeepEqual(got, want) {
				t.Fatalf("after %d events the state kept is not the state folded", i)
			}
		}
	})
}

// raised is a judging of one thing found, and what it came to.
func raised(j finding.Judged) ([]event.Recorded, event.UUID) {
	return apply(nil, finding.Reconcile(finding.State{}, finding.Judging{Subject: subject, Judged: []finding.Judged{j}, To: 3})), j.ID(subject)
}

var sample = finding.Judged{Monitor: "L01", Version: 1, Severity: finding.High, Item: item(1), Evidence: []event.ID{item(1)},
	At: event.At(monday), AsKnown: true, Hindsight: true, Side: event.Probation}

func TestAFindingIsRaisedWhenItCameAbout(t *testing.T) {
	t.Parallel()
	drafts := finding.Reconcile(finding.State{}, finding.Judging{Subject: subject, Judged: []finding.Judged{sample}, To: 3})
	if len(drafts) != 1 || drafts[0].Effective != sample.At || drafts[0].Side != event.Probation ||
		!reflect.DeepEqual(drafts[0].Data, finding.FindingRaised{Finding: sample.ID(subject), Judged: sample, To: 3}) {
		t.Errorf("got %+v", drafts)
	}
}

func TestAFindingThatIsNoLongerFoundIsSuperseded(t *testing.T) {
	t.Parallel()
	events, id := raised(sample)
	for want, stands := range map[finding.Cause]func(event.ID) bool{
		finding.Disproved: func(event.ID) bool { return true },
		finding.Corrected: func(e event.ID) bool { return e != sample.Item },
	} {
		for _, settled := range []any{nil, finding.FindingAcknowledged{Finding: id}, finding.FindingResolved{Finding: id}, finding.FindingWaived{Finding: id}} {
			history := events
			if settled != nil {
				history = apply(events, []event.Draft{{Data: settled}})
			}
			drafts := finding.Reconcile(finding.Fold(history), finding.Judging{Subject: subject, To: 5, Stands: stands})
			if len(drafts) != 1 || drafts[0].Side != event.Probation || drafts[0].Data != (finding.FindingSuperseded{Finding: id, Cause: want, To: 5}) {
				t.Fatalf("after %T: got %+v", settled, drafts)
			}
			history = apply(history, drafts)
			again := finding.Reconcile(finding.Fold(history), finding.Judging{Subject: subject, To: 6, Judged: []finding.Judged{sample}})
			if len(again) != 1 || !again[0].Data.(finding.FindingRaised).Again {
				t.Fatalf("judged again: got %+v", again)
			}
			if f, _ := finding.Fold(apply(history, again)).Finding(id); f.Status != finding.Open {
				t.Errorf("raised again, it is %s", f.Status)
			}
		}
	}
	if drafts := finding.Reconcile(finding.Fold(events), finding.Judging{Subject: subject, Decides: func(finding.Judged) bool { return false }}); len(drafts) > 0 {
		t.Error("superseded by a judging that does not decide it")
	}
}

func TestAnOrganisationsFindingIsWithdrawnByItsOwnJudgingAlone(t *testing.T) {
	t.Parallel()
	of := sample
	of.Organisation = subject
	events, id := raised(of)
	if drafts := finding.Reconcile(finding.Fold(events), finding.Judging{Subject: subject}); len(drafts) > 0 {
		t.Error("withdrawn by a case")
	}
	drafts := finding.Reconcile(finding.Fold(events), finding.Judging{Subject: subject, Decides: func(j finding.Judged) bool { return j.Monitor == "L01" }})
	if len(drafts) != 1 || drafts[0].Data.(finding.FindingSuperseded).Finding != id {
		t.Errorf("got %+v", drafts)
	}
}

func TestWhatWasDecidedStandsUnlessItBecameGraver(t *testing.T) {
	t.Parallel()
	for severity, want := range map[finding.Severity]finding.Status{
		finding.Critical: finding.Open, finding.High: finding.Waived, finding.Low: finding.Waived,
	} {
		events, id := raised(sample)
		events = apply(events, []event.Draft{{Data: finding.FindingWaived{Finding: id}}})
		different := sample
		different.Severity, different.Version = severity, 2
		drafts := finding.Reconcile(finding.Fold(events), finding.Judging{Subject: subject, Judged: []finding.Judged{different}})
		if len(drafts) != 1 || !drafts[0].Data.(finding.FindingRaised).Again {
			t.Fatalf("got %+v", drafts)
		}
		f, _ := finding.Fold(apply(events, drafts)).Finding(id)
		if f.Status != want || f.Judged.Version != 2 {
			t.Errorf("found again as %s, it is %s of version %d, want %s", severity, f.Status, f.Judged.Version, want)
		}
	}
}

func TestEveryDifferenceIsRaisedAgain(t *testing.T) {
	t.Parallel()
	events, _ := raised(sample)
	for name, change := range map[string]func(*finding.Judged){
		"version": func(j *finding.Judged) { j.Version++ }, "severity": func(j *finding.Judged) { j.Severity = finding.Low },
		"as known": func(j *finding.Judged) { j.AsKnown = false }, "hindsight": func(j *finding.Judged) { j.Hindsight = false },
		"indeterminate": func(j *finding.Judged) { j.Indeterminate = true }, "notes": func(j *finding.Judged) { j.Notes = []finding.Note{"x"} },
		"evidence": func(j *finding.Judged) { j.Evidence = []event.ID{item(1), item(2)} }, "time": func(j *finding.Judged) { j.At = event.On(1) },
		"categories": func(j *finding.Judged) { j.Categories = []event.Category{"H.NOTE"} },
	} {
		different := sample
		change(&different)
		if drafts := finding.Reconcile(finding.Fold(events), finding.Judging{Subject: subject, Judged: []finding.Judged{different}}); len(drafts) != 1 {
			t.Errorf("%s: got %d events, want it raised again", name, len(drafts))
		}
	}
}

// after is a judging of a history of which something was erased: what it finds
// now, and what it finds of the time of the erasure.
func after(to event.Position, now, before []finding.Judged) finding.Judging {
	return finding.Judging{Subject: subject, To: to, Judged: now, Erased: true, Before: before}
}

func other(n int) finding.Judged {
	j := sample
	j.Item = item(n)
	j.Evidence = []event.ID{item(n)}
	return j
}

// What an erasure alone made vanish, look different or appear is left as it was,
// and says once that it cannot be checked again.
func TestAnErasureDisprovesNothing(t *testing.T) {
	t.Parallel()
	events, id := raised(sample)
	different := sample
	different.Severity = finding.Low
	for name, judging := range map[string]finding.Judging{
		"it vanished": after(9, nil, nil), "it looks different": after(9, []finding.Judged{different}, []finding.Judged{different}),
		"it looks different, and vanished since": after(9, nil, []finding.Judged{different}),
		"and another appeared":                   after(9, []finding.Judged{other(2)}, []finding.Judged{other(2)}),
	} {
		drafts := finding.Reconcile(finding.Fold(events), judging)
		if len(drafts) != 1 || drafts[0].Side != event.Probation || drafts[0].Data != (finding.FindingRecheckLost{Finding: id, To: 9}) {
			t.Fatalf("%s: got %+v", name, drafts)
		}
		s := finding.Fold(apply(events, drafts))
		if f, _ := s.Finding(id); !f.Unchecked || f.Status != finding.Open || !reflect.DeepEqual(f.Judged, sample) {
			t.Errorf("%s: it stands as %+v", name, f)
		}
		if again := finding.Reconcile(s, judging); len(again) != 0 {
			t.Errorf("%s: the same judging again records %+v", name, again)
		}
	}
}

// What came about since the erasure counts as ever.
func TestWhatCameAboutSinceAnErasureCounts(t *testing.T) {
	t.Parallel()
	events, id := raised(sample)
	if drafts := finding.Reconcile(finding.Fold(events), after(9, []finding.Judged{sample}, []finding.Judged{sample})); len(drafts) != 0 {
		t.Errorf("nothing changed: got %+v", drafts)
	}
	drafts := finding.Reconcile(finding.Fold(events), after(9, nil, []finding.Judged{sample}))
	if len(drafts) != 1 || drafts[0].Data != (finding.FindingSuperseded{Finding: id, Cause: finding.Disproved, To: 9}) {
		t.Errorf("disproved since: got %+v", drafts)
	}
	voided := after(9, nil, nil)
	voided.Stands = func(e event.ID) bool { return e != sample.Item }
	drafts = finding.Reconcile(finding.Fold(events), voided)
	if len(drafts) != 1 || drafts[0].Data != (finding.FindingSuperseded{Finding: id, Cause: finding.Corrected, To: 9}) {
		t.Errorf("voided: got %+v", drafts)
	}
	drafts = finding.Reconcile(finding.Fold(events), after(9, []finding.Judged{sample, other(2)}, []finding.Judged{sample}))
	if len(drafts) != 1 || drafts[0].Data.(finding.FindingRaised).Judged.Item != item(2) {
		t.Errorf("found since: got %+v", drafts)
	}
	graver := sample
	graver.Severity = finding.Critical
	drafts = finding.Reconcile(finding.Fold(events), after(9, []finding.Judged{graver}, []finding.Judged{sample}))
	if len(drafts) != 1 || drafts[0].Data.(finding.FindingRaised).Judged.Severity != finding.Critical {
		t.Errorf("graver since: got %+v", drafts)
	}
	lost := apply(events, []event.Draft{{Data: finding.FindingRecheckLost{Finding: id}}})
	drafts = finding.Reconcile(finding.Fold(lost), after(9, []finding.Judged{graver}, nil))
	if f, _ := finding.Fold(apply(lost, drafts)).Finding(id); len(drafts) != 1 || f.Unchecked {
		t.Errorf("found anew since: got %+v, %+v", drafts, f)
	}
}
