package main

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"text/tabwriter"

	"protocol.chat/console/handlers/export"
	"protocol.chat/console/models"
	"protocol.chat/console/models/access"
	"protocol.chat/console/models/db"
	"protocol.chat/console/models/jobs"
)

func listJobs(ctx context.Context, c *command) error {
	c.database()
	unfinished := c.flags.Bool("unfinished", false, "list only jobs that have not ended")
	if _, err := c.parse(); err != nil {
		return err
	}
	return c.withStoreToRead(ctx, func(store *models.Store) error {
		table := tabwriter.NewWriter(c.stdout, 0, 0, 2, ' ', 0)
		fmt.Fprintln(table, "ID\tKIND\tSTATE\tPROGRESS\tSTARTED BY\tCREATED")
		query := jobs.Query{Unfinished: *unfinished, Range: db.Range{Limit: db.MaxLimit}}
		for more := true; more; {
			page, err := store.Jobs.Jobs(ctx, query)
			if err != nil {
				return err
			}
			for _, j := range page.Jobs {
				fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\t%s\n", j.ID, j.Kind, j.State, jobProgress(j), j.Actor().Who(), day(&j.CreatedAt, ""))
				query.After.ID = j.ID
			}
			more = page.More
		}
		return table.Flush()
	})
}

// jobProgress returns how far a job is: "400 of 912".
func jobProgress(j jobs.Job) string {
	if !j.Counted {
		return fmt.Sprintf("%d found so far", j.Total)
	}
	return fmt.Sprintf("%d of %d", j.Total-j.Remaining(), j.Total)
}

func showJob(ctx context.Context, c *command) error {
	c.database()
	results := c.flags.Bool("results", false, "print what became of each object, too")
	args, err := c.parse("ID")
	if err != nil {
		return err
	}
	return c.withStoreToRead(ctx, func(store *models.Store) error {
		job, err := findJob(ctx, store, args[0])
		if err != nil {
			return err
		}
		if err := c.printJob(job); err != nil || !*results {
			return err
		}
		return c.printResults(ctx, store, job)
	})
}

func (c *command) printJob(j jobs.Job) error {
	table := tabwriter.NewWriter(c.stdout, 0, 0, 2, ' ', 0)
	for _, row := range [][2]string{
		{"id", j.ID},
		{"kind", j.Kind},
		{"file", export.FileOf(j)},
		{"state", string(j.State)},
		{"reason", j.Reason},
		{"progress", jobProgress(j)},
		{"done", strconv.Itoa(j.Done)},
		{"skipped", strconv.Itoa(j.Skipped)},
		{"failed", strconv.Itoa(j.Failed)},
		{"started by", j.Actor().Who()},
		{"note", j.Note},
		{"created", day(&j.CreatedAt, "")},
		{"finished", day(j.FinishedAt, "")},
		{"undo until", day(j.UndoableUntil, "")},
	} {
		if row[1] != "" {
			fmt.Fprintf(table, "%s\t%s\n", row[0], row[1])
		}
	}
	return table.Flush()
}

func (c *command) printResults(ctx context.Context, store *models.Store, job jobs.Job) error {
	table := tabwriter.NewWriter(c.stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "\nOBJECT\tNAME\tRESULT\tREASON")
	for r, err := range store.Jobs.EachResult(ctx, job.ID, "") {
		if err != nil {
			return err
		}
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\n", r.ObjectID, r.Name, r.Result, r.Reason)
	}
	return table.Flush()
}

func cancelJob(ctx context.Context, c *command) error {
	c.database()
	args, err := c.parse("ID")
	if err != nil {
		return err
	}
	return c.withStore(ctx, func(store *models.Store) error {
		job, err := findJob(ctx, store, args[0])
		if err == nil {
			job, err = store.Jobs.Cancel(ctx, c.actor(), job.ID)
		}
		if err != nil {
			return err
		}
		says := "The job %s is cancelled.\n"
		switch {
		case job.State == jobs.Cancelling:
			says = "The job %s stops after what it is doing.\n"
		case job.State != jobs.Stopped:
			says = "The job %s has ended already.\n"
		}
		_, err = fmt.Fprintf(c.stdout, says, job.ID)
		return err
	})
}

func findJob(ctx context.Context, store *models.Store, id string) (jobs.Job, error) {
	job, err := store.Jobs.Job(ctx, id)
	if errors.Is(err, access.ErrNotFound) {
		err = fmt.Errorf("there is no job %s; console job list shows them", id)
	}
	return job, err
}
