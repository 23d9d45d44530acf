package vault

import (
	"bytes"
	"crypto/rand"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

var (
	digits  = strings.Repeat("0f", keyBytes)
	digits2 = strings.Repeat("1e", keyBytes)
)

func TestOnlyAWellFormedKeyFileIsRead(t *testing.T) {
	t.Parallel()
	for text, epochs := range map[string]int{
		kekHeader1 + digits + "\n":                                                                        1,
		kekHeader2 + "epoch 1 " + digits + "\n":                                                           1,
		kekHeader2 + "epoch 3 " + digits + "\nepoch 7 " + digits2 + "\n":                                  2,
		kekHeader2 + "epoch 1 kms hcvault://h/t/keys/k dmF1bHQ=\n":                                        1,
		kekHeader2 + "epoch 1 " + digits + "\nepoch 2 kms aws-kms://arn:aws:kms:eu-west-2:1:key/x YQ==\n": 2,
		kekHeader2:                                0,
		kekHeader2 + "epoch 1 " + digits:          0, // cut short
		kekHeader2 + "epoch 1 " + digits + "\n\n": 0,
		kekHeader2 + "epoch 2 " + digits + "\nepoch 1 " + digits2 + "\n":                  0, // the order
		kekHeader2 + "epoch 1 " + digits + "\nepoch 1 " + digits2 + "\n":                  0, // twice
		kekHeader2 + "epoch 1 " + digits + "\nepoch 2 " + digits + "\n":                   0, // one key
		kekHeader2 + "epoch 0 " + digits + "\n":                                           0,
		kekHeader2 + "epoch 01 " + digits + "\n":                                          0,
		kekHeader2 + "epoch 4294967296 " + digits + "\n":                                  0,
		kekHeader2 + "epoch 1 " + strings.ToUpper(digits) + "\n":                          0,
		kekHeader2 + "epoch 1 " + digits[2:] + "\n":                                       0,
		kekHeader2 + "epoch  1 " + digits + "\n":                                          0,
		kekHeader2 + "epoch 1 " + digits + " \n":                                          0,
		kekHeader2 + "epoch 1 kms nowhere YQ==\n":                                         0,
		kekHeader2 + "epoch 1 kms hcvault://h/t/keys/k \n":                                0,
		kekHeader2 + "epoch 1 kms hcvault://h/t/keys/k YQ\n":                              0,
		kekHeader2 + "epoch 1 kms hcvault://h/" + strings.Repeat("x", maxURI) + " YQ==\n": 0,
		kekHeader2 + "era 1 " + digits + "\n":                                             0,
		kekHeader1 + "epoch 1 " + digits + "\n":                                           0,
		"caseledger key-encryption key, format 3\nepoch 1 " + digits + "\n":               0,
	} {
		got, ok := parseEpochs([]byte(text))
		if ok != (epochs > 0) || ok && len(got) != epochs {
			t.Errorf("%q: %d epochs, %t", text, len(got), ok)
		}
	}
	path := filepath.Join(t.TempDir(), "kek")
	wantError(t, os.WriteFile(path, []byte(kekHeader2+"epoch 1 "+digits2[1:]+"g\n"), 0o600), nil)
	_, err := readEpochs(path)
	wantError(t, err, ErrKEKMalformed)
	if err != nil && strings.Contains(err.Error(), "1e1e") {
		t.Errorf("%v tells the key", err)
	}
}

func TestAReplacedKeyFileIsOverwritten(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "kek")
	wantError(t, CreateKEK(path, rand.Reader, nil, ""), nil)
	old, err := os.Open(path) // somebody who holds it sees its bytes go
	wantError(t, err, nil)
	defer func() { _ = old.Close() }()
	next, err := newEpoch(2, rand.Reader, nil, "")
	wantError(t, err, nil)
	read, err := readEpochs(path)
	wantError(t, err, nil)
	wantError(t, replaceEpochs(t.Context(), path, read, []epoch{next}, func(string) error { return nil }), nil)
	text := make([]byte, 512)
	n, err := old.Read(text)
	if err != nil || n == 0 || !bytes.Equal(text[:n], make([]byte, n)) {
		t.Errorf("the file that was replaced holds %q, %v", text[:n], err)
	}
	info, err := os.Stat(path)
	if err != nil || info.Mode() != 0o600 {
		t.Errorf("the new one: %v, %v", info.Mode(), err)
	}
	if _, err := os.Stat(path + oldSuffix); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the old one has a name still: %v", err)
	}
}

func FuzzParseEpochs(f *testing.F) {
	f.Add([]byte(kekHeader1 + digits + "\n"))
	f.Add([]byte(kekHeader2 + "epoch 3 " + digits + "\nepoch 7 kms hcvault://h/t/keys/k dmF1bHQ=\n"))
	f.Add([]byte(kekHeader2))
	f.Fuzz(func(t *testing.T, text []byte) {
		epochs, ok := parseEpochs(text)
		if !ok {
			return
		}
		again := textOf(epochs)
		if bytes.HasPrefix(text, []byte(kekHeader2)) && !bytes.Equal(again, text) {
			t.Errorf("%q is written %q", text, again)
		}
		if same, ok := parseEpochs(again); !ok || len(same) != len(epochs) {
			t.Errorf("%q is not read again", again)
		}
	})
}
