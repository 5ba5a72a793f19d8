package export

import (
	"context"

	"protocol.chat/console/models"
	"protocol.chat/console/models/access"
	"protocol.chat/console/models/jobs"
)

// Register makes a store run the jobs of large exports. It must be called before any are started.
func Register(store *models.Store) {
	for _, of := range []Subject{Groups, Contacts, Members, Activity} {
		store.Jobs.Register(jobs.Kind{
			Name:   string(of),
			Rights: rightsOf,
			Make:   func(ctx context.Context, job jobs.Job, to *jobs.Output) error { return makeFile(ctx, store, job, to) },
		})
	}
}

func rightsOf(job jobs.Job) []access.Right {
	l, _ := ListOf(job)
	return l.Rights()
}

// makeFile exports the list of a job.
func makeFile(ctx context.Context, store *models.Store, job jobs.Job, to *jobs.Output) error {
	var l List
	if err := job.Read(&l); err != nil {
		return err
	}
	format := Named(l.Format)
	to.Name(FileName(l.Name, store.DB.Now(), format.Extension), format.MediaType)
	w := NewWriter(to, format, l.Columns())
	defer w.Discard()
	err := l.Rows(ctx, store, to.By, to.Expect, func(values ...any) error {
		if err := w.Write(values...); err != nil {
			return err
		}
		return to.Row()
	})
	if err != nil {
		return err
	}
	return w.Close()
}

// Request returns the job that exports the list.
func (l List) Request() jobs.Request {
	return jobs.Request{Kind: string(l.Of), Needs: access.Export, Spec: l}
}

// ListOf returns the list that a job exports, and false if it does something else.
func ListOf(job jobs.Job) (l List, ok bool) {
	return l, job.Read(&l) == nil && job.Kind == string(l.Of)
}

// FileOf returns the name of the file that a job imports or makes, but for the time of the latter;
// "" for other jobs. Unlike the file, the name stays as long as the job.
func FileOf(job jobs.Job) string {
	if l, exports := ListOf(job); exports {
		format, _ := Find(l.Format)
		return l.Name + "." + format.Extension
	}
	return models.ImportFilename(job)
}
