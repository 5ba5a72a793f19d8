package models_test

import (
	"bytes"
	"errors"
	"io"
	"math/rand/v2"
	"testing"
	"time"

	"gorm.io/gorm"

	"protocol.chat/console/models"
	"protocol.chat/console/models/access"
	"protocol.chat/console/models/jobs"
	"protocol.chat/console/models/modelstest"
)

func TestAFileOfAJobIsReadAsItWasWritten(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, store *models.Store) {
		slowKind(store, 1, func(*gorm.DB, jobs.Object) error { return nil })
		job := startSlow(t, store, bulkTester)
		_, err := store.Jobs.Files.Of(t.Context(), job.ID)
		wants(t, "no file", err, access.ErrNotFound)
		for _, size := range []int{0, 1, 256 << 10, 600_000} {
			content := make([]byte, size)
			random := rand.NewChaCha8([32]byte{1})
			_, _ = random.Read(content)
			about := jobs.File{JobID: job.ID, Name: "groups.csv", MediaType: "text/csv", ExpiresAt: time.Now().Add(time.Hour).Unix()}
			w, err := store.Jobs.Files.Create(t.Context(), about)
			if err == nil {
				_, err = io.Copy(w, bytes.NewReader(content))
			}
			if err = errors.Join(err, w.Close()); err != nil {
				t.Fatal(err)
			}
			f, r, err := store.Jobs.Files.Open(t.Context(), job.ID)
			if err != nil || f.Size != int64(size) || f.Name != about.Name || f.MediaType != about.MediaType {
				t.Fatalf("the file of %d bytes is %+v; %v", size, f, err)
			}
			if got, err := io.ReadAll(r); err != nil || !bytes.Equal(got, content) {
				t.Errorf("%d bytes were read as %d; %v", size, len(got), err)
			}
			for _, from := range []int{size / 3, size} {
				got, err := io.ReadAll(store.Jobs.Files.Read(store.DB.Read(t.Context()), job.ID, int64(from)))
				if err != nil || !bytes.Equal(got, content[from:]) {
					t.Errorf("%d bytes from %d on were read as %d; %v", size, from, len(got), err)
				}
			}
		}
	})
}
