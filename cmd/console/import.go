package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"text/tabwriter"

	"protocol.chat/console/models"
	"protocol.chat/console/models/jobs"
)

// shownErrors is how many errors of a file are printed.
const shownErrors = 50

func importFile(ctx context.Context, c *command) error {
	c.database()
	kind := c.flags.String("type", "groups", "what the rows are: `groups or contacts`")
	match := c.flags.String("match", "", "how rows are matched with what exists: `id`, name (groups) or username (contacts)")
	mode := c.flags.String("mode", "best_effort", "`best_effort` imports the other rows if some have errors, all_or_nothing none")
	names := map[string]string{}
	c.flags.Func("map", "what a column is imported as: `COLUMN=FIELD`, such as \"Full name=display_name\", or COLUMN= to leave it out; can be repeated", func(value string) error {
		at := strings.LastIndex(value, "=")
		if at < 1 {
			return errors.New("it must be COLUMN=FIELD")
		}
		names[value[:at]] = value[at+1:]
		return nil
	})
	yes := c.flags.Bool("yes", false, "import; without it, the file is only checked")
	args, err := c.parse("FILE")
	if err != nil {
		return err
	}
	return c.withStore(ctx, func(store *models.Store) error {
		job, err := c.checkFile(ctx, store, args[0], models.ImportType(*kind), models.ImportOptions{
			Match: models.ImportMatch(*match), Mode: models.ImportMode(*mode), Names: names,
		})
		if err != nil {
			return err
		}
		if err := c.printCheck(ctx, store, job); err != nil {
			return err
		}
		if *yes {
			return c.importChecked(ctx, store, job)
		}
		_, err = fmt.Fprintln(c.stdout, "Nothing was imported. Run the command again with -yes to import.")
		_, cancelled := store.Jobs.Cancel(ctx, c.actor(), job.ID)
		return errors.Join(err, cancelled)
	})
}

// importChecked imports a file that was checked.
func (c *command) importChecked(ctx context.Context, store *models.Store, job jobs.Job) error {
	job, err := store.Imports.Start(ctx, c.actor(), job.ID)
	if err != nil {
		return err
	}
	if job, err = c.runJob(ctx, store, job, "importing"); err != nil {
		return err
	}
	if job.State != jobs.Done {
		return fmt.Errorf("the import %s is %s: %s", job.ID, job.State, models.RowDetailOf(job.Detail).Message+job.Reason)
	}
	_, err = fmt.Fprintf(c.stdout, "Imported %d, skipped %d, failed %d. The job is %s.\n", job.Done, job.Skipped, job.Failed, job.ID)
	return err
}

// checkFile uploads a file, "-" for standard input, and checks it.
func (c *command) checkFile(ctx context.Context, store *models.Store, path string, kind models.ImportType, o models.ImportOptions) (jobs.Job, error) {
	file, name := io.NopCloser(c.stdin), ""
	if path != "-" {
		opened, err := os.Open(path)
		if err != nil {
			return jobs.Job{}, err
		}
		file, name = opened, filepath.Base(path)
	}
	checking, err := store.Imports.Send(ctx, c.actor(), models.ImportUpload{Type: kind, Filename: name}, o, nil, file)
	if err = errors.Join(err, file.Close()); err != nil {
		return checking, err
	}
	return c.runJob(ctx, store, checking, "checking")
}

// runJob runs all jobs until one has ended or waits, and shows how far it is. A console that
// is running may do the work.
func (c *command) runJob(ctx context.Context, store *models.Store, job jobs.Job, step string) (jobs.Job, error) {
	bar := newProgressBar(c, map[string]int{step: job.Total})
	defer bar.end()
	for !job.Finished() && job.State != jobs.Checked {
		if err := store.Jobs.Step(ctx); err != nil {
			return job, err
		}
		var err error
		if job, err = store.Jobs.Job(ctx, job.ID); err != nil {
			return job, err
		}
		done := job.Done + job.Skipped + job.Failed
		if job.State == jobs.Checking {
			done = job.Total
		}
		bar.show(step, done)
	}
	return job, nil
}

// printCheck prints what an import would do, and the first errors.
func (c *command) printCheck(ctx context.Context, store *models.Store, job jobs.Job) error {
	if job.State != jobs.Checked {
		d := models.RowDetailOf(job.Detail)
		return fmt.Errorf("the file can't be imported: line %d: %s (%s)", d.Line, d.Message, job.Reason)
	}
	table := tabwriter.NewWriter(c.stdout, 0, 0, 2, ' ', 0)
	for _, what := range models.ImportExpects {
		fmt.Fprintf(table, "%s\t%d\n", what, job.Expected[what])
	}
	left := shownErrors
	for r, err := range store.Jobs.EachResult(ctx, job.ID, jobs.Unfit) {
		if err != nil {
			return err
		}
		if left == shownErrors {
			fmt.Fprintln(table, "\nLINE\tCOLUMN\tERROR")
		}
		if left--; left < 0 {
			fmt.Fprintf(table, "and %d more; console job show -results %s shows all\n", job.Failed-shownErrors, job.ID)
			break
		}
		d := models.RowDetailOf(r.Detail)
		fmt.Fprintf(table, "%d\t%s\t%s\n", d.Line, d.Column, d.Message)
	}
	return table.Flush()
}
