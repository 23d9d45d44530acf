package main

import (
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/go-json-experiment/json"

	"caseledger/api"
	"caseledger/domain/event"
	"caseledger/domain/reference"
)

// issuersFile is the file that says who may speak to the record:
//
//	{"issuers": [{
//	    "issuer": "https://sign-in.example/auth", "audience": "caseledger",
//	    "jwks": "https://sign-in.example/jwks",
//	    "claims": {"role": "role", "organisation": "org", "session": "sid", "client": "client_id"},
//	    "roles": {"ROLE_HEALTH_HUB_PP": "PP"}}],
//	 "organisations": [{
//	    "code": "RGT", "label": "RGT", "text": "A trust", "side": "NHS",
//	    "id": "11111111-…", "controller": "11111111-…"}]}
//
// "jwks" is an https URL, or a file beside this one. "claims" and "roles" may
// be left out, "organisations" too: those are beside the ones that every
// installation knows.
type issuersFile struct {
	Issuers       []issuerEntry            `json:"issuers"`
	Organisations []reference.Organisation `json:"organisations,omitempty"`
}

type issuerEntry struct {
	Issuer   string                `json:"issuer"`
	Audience string                `json:"audience"`
	JWKS     string                `json:"jwks"`
	Claims   claimEntry            `json:"claims,omitzero"`
	Roles    map[string]event.Role `json:"roles,omitempty"`
}

type claimEntry struct {
	Role         string `json:"role,omitempty"`
	Organisation string `json:"organisation,omitempty"`
	Session      string `json:"session,omitempty"`
	Client       string `json:"client,omitempty"`
}

// trusted is who may speak to the record, and for which organisations.
type trusted struct {
	issuers  []api.Issuer
	register *reference.Register
}

// organisation looks up the organisation that a token names.
func (t trusted) organisation(code string) (api.Organisation, bool) {
	o, ok := t.register.ByCode(reference.OrganisationCode(code))
	return api.Organisation{ID: o.ID, Side: o.Side}, ok
}

// peers lists the organisations that share an organisation's controller.
func (t trusted) peers(org event.UUID) []event.UUID {
	controller := t.register.Controller(org)
	if controller.IsZero() {
		return nil
	}
	var peers []event.UUID
	for _, o := range t.register.All() {
		if o.Controller == controller {
			peers = append(peers, o.ID)
		}
	}
	return peers
}

// trust settles who may speak, from the settings of serve.
func trust(c configuration, now func() time.Time) (trusted, error) {
	t := trusted{register: reference.NewRegister()}
	one := issuerEntry{Issuer: c.text("issuer"), Audience: c.text("audience"), JWKS: c.text("jwks")}
	path := c.text("issuers")
	switch {
	case path != "" && (one.Issuer != "" || one.JWKS != ""):
		return t, usage("--issuers goes without --issuer and --jwks")
	case path == "" && (one.Issuer == "") != (one.JWKS == ""):
		return t, usage("--issuer and --jwks go together")
	case path == "" && one.Issuer == "":
		return t, nil
	case path == "":
		issuer, err := one.issuer("", now)
		t.issuers = []api.Issuer{issuer}
		return t, err
	}
	raw, err := os.ReadFile(path)
	if err != nil {
		return t, fmt.Errorf("read the issuers file: %w", err)
	}
	var file issuersFile
	if err := json.Unmarshal(raw, &file, json.RejectUnknownMembers(true)); err != nil {
		return t, fmt.Errorf("issuers file %s: %w", path, unreadable("it", err))
	}
	for i, entry := range file.Issuers {
		issuer, err := entry.issuer(filepath.Dir(path), now)
		if err != nil {
			return t, fmt.Errorf("issuers file %s: issuer %d: %w", path, i+1, err)
		}
		t.issuers = append(t.issuers, issuer)
	}
	for i, o := range file.Organisations {
		if err := t.register.Add(o); err != nil {
			return t, usage("issuers file %s: organisation %d: %w", path, i+1, err)
		}
	}
	return t, nil
}

// issuer makes an entry usable. folder is where its file is looked for.
func (e issuerEntry) issuer(folder string, now func() time.Time) (api.Issuer, error) {
	if e.Issuer == "" || e.Audience == "" || e.JWKS == "" {
		return api.Issuer{}, usage("an issuer needs its name, an audience and its keys")
	}
	for name, role := range e.Roles {
		if !reference.Roles.Listed(role) {
			return api.Issuer{}, usage("role %q stands for a role that is not in the list", name)
		}
	}
	issuer := api.Issuer{URL: e.Issuer, Audience: e.Audience, Roles: e.Roles,
		Claims: api.ClaimNames{Role: e.Claims.Role, Organisation: e.Claims.Organisation, Session: e.Claims.Session, Client: e.Claims.Client}}
	if strings.Contains(e.JWKS, "://") {
		u, err := url.Parse(e.JWKS)
		if err != nil || u.Scheme != "https" || u.Host == "" {
			return api.Issuer{}, usage("keys are fetched from an https URL, or read from a file")
		}
		issuer.Keys = api.FetchKeys(e.JWKS, nil, now)
		return issuer, nil
	}
	path := e.JWKS
	if folder != "" && !filepath.IsAbs(path) {
		path = filepath.Join(folder, path)
	}
	raw, err := os.ReadFile(path)
	if err != nil {
		return api.Issuer{}, fmt.Errorf("read the issuer's keys: %w", err)
	}
	issuer.Keys, err = api.StaticKeys(raw)
	if errors.Is(err, api.ErrNoKeys) {
		err = usage("%s: %w", path, err)
	}
	return issuer, err
}

// known is the organisations that the readers of a data directory go by: those
// that every installation knows, and those that the last server was given.
func known(d dataDir) (trusted, error) {
	t := trusted{register: reference.NewRegister()}
	raw, err := os.ReadFile(d.file(organisationsFile))
	if errors.Is(err, fs.ErrNotExist) {
		return t, nil
	}
	if err != nil {
		return t, fmt.Errorf("read the organisations: %w", err)
	}
	var list []reference.Organisation
	if err := json.Unmarshal(raw, &list, json.RejectUnknownMembers(true)); err != nil {
		return t, fmt.Errorf("%s: %w", d.file(organisationsFile), unreadable("it", err))
	}
	for _, o := range list {
		if err := t.register.Add(o); err != nil {
			return t, fmt.Errorf("%s: %w", d.file(organisationsFile), err)
		}
	}
	return t, nil
}

// remember keeps the organisations that a server was given with the data:
// whose record an event is part of depends on them, whoever folds it.
func (t trusted) remember(d dataDir) error {
	list := []reference.Organisation{}
	for _, o := range t.register.All() {
		if _, always := theRegister.ByID(o.ID); !always {
			list = append(list, o)
		}
	}
	text, err := json.Marshal(list, json.Deterministic(true))
	if err != nil {
		return fmt.Errorf("write the organisations: %w", err)
	}
	was, err := os.ReadFile(d.file(organisationsFile))
	switch {
	case err == nil && string(was) == string(text)+"\n", errors.Is(err, fs.ErrNotExist) && len(list) == 0:
		return nil
	case err == nil:
		if err := os.Remove(d.file(organisationsFile)); err != nil {
			return fmt.Errorf("write the organisations: %w", err)
		}
	}
	return writeNew(d.file(organisationsFile), append(text, '\n'))
}

// everybody is the organisations that every installation knows.
func everybody() trusted { return trusted{register: theRegister} }
