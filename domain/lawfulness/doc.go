// Package lawfulness judges disclosures by the law as data: the rule table,
// the gates that every disclosure must pass, and the monitors that find what
// went wrong. It is pure: what it says depends on its arguments alone. It
// never decides for anybody; a decision is a person's.
package lawfulness
