package interop
import (
	_ "caseledger/eventstore/codec"
	_ "caseledger/eventstore/keep"
	_ "caseledger/eventstore/ledger"
	_ "caseledger/eventstore/ledger/witness"
	_ "caseledger/eventstore/memory"
	_ "caseledger/eventstore/vault"
	_ "filippo.io/torchwood"
	_ "github.com/transparency-dev/tessera/client"
	_ "github.com/transparency-dev/tessera/api"
	_ "github.com/transparency-dev/tessera/api/layout"
	_ "github.com/transparency-dev/tessera/fsck"
	_ "github.com/transparency-dev/merkle/proof"
	_ "github.com/transparency-dev/merkle/rfc6962"
	_ "golang.org/x/mod/sumdb/note"
)
