// Package event says what every event is: its envelope, its two times, its
// identifiers, how its personal fields are marked, and how one published
// version becomes the next. It never does I/O, reads a clock or opens a box.
package event
