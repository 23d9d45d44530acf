# The program, static, as a user without rights, and nothing else.
FROM golang:1.26-bookworm AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
RUN CGO_ENABLED=0 go build -trimpath -buildvcs=false -o /out/ ./cmd/... \
	&& mkdir -m 0700 /data /key

FROM gcr.io/distroless/static-debian12:nonroot
COPY --from=build /out/ /usr/local/bin/
# Volumes take their owner from here.
COPY --from=build --chown=65532:65532 /data /var/lib/caseledger
COPY --from=build --chown=65532:65532 /key /var/lib/caseledger-key
USER 65532:65532
ENV CASELEDGER_DATA=/var/lib/caseledger \
	CASELEDGER_KEY_FILE=/var/lib/caseledger-key/key-encryption-key \
	CASELEDGER_SIGNER_KEY=/var/lib/caseledger-key/signer-key
EXPOSE 8080
ENTRYPOINT ["/usr/local/bin/caseledger"]
CMD ["serve", "--addr", "0.0.0.0:8080"]
