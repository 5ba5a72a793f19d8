package main

import (
	"bytes"
	"compress/gzip"
	"context"
	_ "embed"
	"io"
)

// licenseTexts is what cmd/licenses has found.
//
//go:embed licenses.txt.gz
var licenseTexts []byte

func licenses(_ context.Context, c *command) error {
	if _, err := c.parse(); err != nil {
		return err
	}
	text, err := gzip.NewReader(bytes.NewReader(licenseTexts))
	if err != nil {
		return err
	}
	_, err = io.Copy(c.stdout, text)
	return err
}
