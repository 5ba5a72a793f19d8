package jobs

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"protocol.chat/console/models/access"
	"protocol.chat/console/models/db"
)

// errResults is a bug of a kind: it must return one result for each object.
var errResults = errors.New("jobs: the results are not those of the objects, each once")

// gatheredAtOnce is how many objects one transaction gathers, for which SQLite's other
// writers wait some 20 ms.
const gatheredAtOnce = 2000

// gatherLimit is how long finding them may take, which keeps nobody waiting: few objects may
// be far apart.
const gatherLimit = time.Minute

// Run works through all jobs, part by part in turn, until none is left but what other
// programs are working on, or ctx ends. Any number of programs may call it at once. Jobs
// that still gather go before all others, so that no job changes what another is about to
// gather. One job's error does not hold up the others.
func (s *Store) Run(ctx context.Context) error {
	for ctx.Err() == nil {
		worked, err := s.round(ctx)
		if err != nil && ctx.Err() == nil {
			return err
		}
		if !worked {
			return nil
		}
	}
	return nil
}

// Step does the next part of each job that can go on.
func (s *Store) Step(ctx context.Context) error {
	_, err := s.round(ctx)
	return err
}

// round does the next part of each job, and reports whether there was any to do.
func (s *Store) round(ctx context.Context) (worked bool, err error) {
	waiting, err := s.unfinished(ctx)
	if err != nil {
		return false, err
	}
	for _, job := range waiting {
		did, failed := s.part(ctx, job)
		worked = worked || did
		if failed = s.pace.judge(job, failed); failed != nil {
			err = errors.Join(err, fmt.Errorf("job %s (%s): %w", job.ID, job.Kind, failed))
		}
	}
	return worked, err
}

// awaiting are the states in which a job waits for what a user decides.
var awaiting = []State{Uploaded, Checked}

// unfinished returns the jobs to work on: those that gather or, if there are none, the
// others, the oldest first.
func (s *Store) unfinished(ctx context.Context) ([]Job, error) {
	var all, gathering []Job
	err := s.db.Reader.WithContext(ctx).Where("finished_at IS NULL AND state NOT IN ?", awaiting).Order("id").Find(&all).Error
	all = slices.DeleteFunc(all, func(j Job) bool { return s.kinds[j.Kind].Change == nil }) // a newer program's
	for _, job := range all {
		if s.gathers(job) && job.State != Checking {
			gathering = append(gathering, job)
		}
	}
	if len(gathering) > 0 {
		all = gathering
	}
	return all, s.db.Failed(ctx, err)
}

// gathers reports whether a job's next part is to gather.
func (s *Store) gathers(job Job) bool {
	return !job.Counted && job.State != Cancelling && !s.pace.broken(job.ID)
}

// part does the next part of a job in a transaction, and reports whether it did: another
// program may be at it.
func (s *Store) part(ctx context.Context, seen Job) (did bool, err error) {
	defer func(ctx context.Context) {
		if failure, ends := errors.AsType[Failure](err); ends {
			did, err = true, s.fail(ctx, seen.ID, failure)
		}
	}(ctx)
	var found gathered
	if s.gathers(seen) {
		if found, err = s.gather(ctx, seen); err != nil {
			return false, err
		}
	}
	limit := db.PieceLimit
	if s.whole(seen) {
		limit = wholeLimit
	}
	ctx, cancel := context.WithTimeout(db.Alone(ctx), limit)
	defer cancel()
	var done partDone
	err = s.db.Transaction(ctx, func(tx *gorm.DB) (err error) {
		done, err = s.advanceFree(tx, seen, found)
		return err
	})
	if err == nil && done.changed > 0 {
		s.db.Counts.Forget()
		s.pace.measure(seen.ID, done.changed, done.took, s.db.Dialect.Turn())
	}
	return done.did && err == nil, err
}

// partDone is what a part of a job has done: whether anything, how many objects it has
// changed, and how long that took.
type partDone struct {
	did     bool
	changed int
	took    time.Duration
}

// advanceFree advances a job unless another program is at it.
func (s *Store) advanceFree(tx *gorm.DB, seen Job, found gathered) (done partDone, err error) {
	start := time.Now() // the transaction may have waited for its turn
	var jobs []Job
	free := clause.Locking{Strength: "UPDATE", Options: "SKIP LOCKED"}
	// Another program may have ended its check meanwhile: the next step is a user's.
	err = tx.Clauses(free).Where("id = ? AND finished_at IS NULL AND state NOT IN ?", seen.ID, awaiting).Find(&jobs).Error
	if done.did = err == nil && len(jobs) > 0; !done.did {
		return done, err
	}
	before := jobs[0].Remaining()
	if err := s.advance(tx, &jobs[0], seen, found); err != nil {
		return done, err
	}
	done.changed = before - jobs[0].Remaining()
	err = cmp.Or(save(tx, &jobs[0]), db.Flush(tx))
	done.took = time.Since(start) // without the commit, which takes a slow disk as long whatever it has
	return done, err
}

// fail ends a job that can't go on.
func (s *Store) fail(ctx context.Context, id string, why Failure) error {
	return s.db.Transaction(ctx, func(tx *gorm.DB) error {
		var jobs []Job
		locked := tx.Clauses(clause.Locking{Strength: "UPDATE"})
		if err := locked.Where("id = ? AND finished_at IS NULL", id).Find(&jobs).Error; err != nil || len(jobs) == 0 {
			return err
		}
		jobs[0].finish(Failed, why.Reason, s.db.Now())
		jobs[0].Detail = why.Detail
		return save(tx, &jobs[0])
	})
}

// whole reports whether a job is changed in one transaction.
func (s *Store) whole(job Job) bool {
	whole := s.kinds[job.Kind].Whole
	return job.Counted && whole != nil && whole(job)
}

// wholeLimit is how long the transaction may take that is all of a job.
const wholeLimit = time.Minute

// advance does the next part of a locked job: found is what was gathered for it as it was
// seen before it was locked.
func (s *Store) advance(tx *gorm.DB, job *Job, seen Job, found gathered) error {
	now := s.db.Now()
	if job.StartedAt == nil && job.State != Checking {
		job.State, job.StartedAt = Running, new(now.Unix())
	}
	by, err := s.admit(tx, job)
	if err != nil || job.Finished() {
		return err
	}
	switch {
	case s.whole(*job):
		return s.changeAll(tx, job, by)
	case job.Counted:
		return s.change(tx, job, by)
	case seen.Counted || seen.Checkpoint != job.Checkpoint || seen.Spec != job.Spec:
		return nil // another program has gathered this part meanwhile, or it is checked in another way
	}
	return s.keep(tx, job, found)
}

// admit returns who asked for a locked job, with the rights of the moment, and ends it if it was
// cancelled or may not go on.
func (s *Store) admit(tx *gorm.DB, job *Job) (access.Actor, error) {
	now := s.db.Now()
	if job.State == Cancelling {
		job.finish(Stopped, "", now)
		return access.Actor{}, nil
	}
	if s.pace.broken(job.ID) {
		job.finish(Failed, Broken, now)
		return access.Actor{}, nil
	}
	// Others wait until there is room. A file would fill it again, so it is dropped.
	if s.kinds[job.Kind].Make != nil && s.Outage(job.ID) == access.Full {
		job.finish(Failed, DiskFull, now)
		return access.Actor{}, nil
	}
	by, err := s.log.Reload(tx, job.Actor())
	if err != nil {
		return by, err
	}
	if why := s.stopped(by, *job); why != "" {
		job.finish(Failed, why, now)
	}
	return by, nil
}

// gathered are objects of a job, and the checkpoint after them.
type gathered struct {
	objects []Object
	next    string
}

func (s *Store) gather(ctx context.Context, job Job) (g gathered, err error) {
	ctx, cancel := context.WithTimeout(ctx, gatherLimit)
	defer cancel()
	g.objects, g.next, err = s.kinds[job.Kind].Gather(ctx, job, job.Checkpoint, gatheredAtOnce)
	return g, s.db.Failed(ctx, err)
}

// keep stores what was gathered. After the last of it the job has its total.
func (s *Store) keep(tx *gorm.DB, job *Job, found gathered) error {
	if job.State == Checking && job.Checkpoint == "" {
		if more, err := dropResults(tx, job.ID, 10*sweptAtOnce); more || err != nil { // of an earlier check
			return err
		}
	}
	n, err := s.add(tx, *job, found.objects)
	if err != nil {
		return err
	}
	for _, o := range found.objects {
		job.count(o.Result)
		if o.Expected != "" {
			job.Expected[o.Expected]++
		}
	}
	job.Total += n
	job.Checkpoint = found.next
	job.Counted = found.next == ""
	switch {
	case job.Counted && job.State == Checking:
		job.State = Checked
	case job.Counted && job.Total == 0:
		job.finish(Done, "", s.db.Now())
	}
	return nil
}

// changeAll changes all objects of a job.
func (s *Store) changeAll(tx *gorm.DB, job *Job, by access.Actor) error {
	for !job.Finished() {
		if err := s.change(tx, job, by); err != nil {
			return err
		}
	}
	return nil
}

// change changes the next objects of a job, and ends it after the last.
func (s *Store) change(tx *gorm.DB, job *Job, by access.Actor) error {
	kind := s.kinds[job.Kind]
	most := MostAtOnce
	if kind.Most != nil {
		most = min(most, max(1, kind.Most(*job)))
	}
	objects, err := s.next(tx, *job, s.pace.limit(job.ID, most))
	if err != nil {
		return err
	}
	if len(objects) > 0 {
		results, err := kind.Change(tx, *job, by, objects)
		if err != nil {
			return err
		}
		if len(results) == 0 {
			return errResults
		}
		objects = objects[:min(len(objects), len(results))]
		if err := s.put(tx, job, objects, results); err != nil {
			return err
		}
		job.Checkpoint = objects[len(objects)-1].ID
	}
	if job.Remaining() == 0 {
		job.finish(Done, "", s.db.Now())
	}
	return nil
}

// gatherAll returns all objects of a job that is not stored yet. Errors: Conflict if they
// are more than most.
func (s *Store) gatherAll(ctx context.Context, n Request, most int) (all []Object, err error) {
	spec, err := json.Marshal(n.Spec)
	if err != nil {
		return nil, err
	}
	kind, known := s.kinds[n.Kind]
	if !known {
		return nil, errors.New("jobs: unknown kind " + n.Kind)
	}
	job := Job{Kind: n.Kind, Spec: string(spec), UndoOf: &n.UndoOf}
	for after, more := "", true; more; {
		found, next, err := kind.Gather(ctx, job, after, most+1)
		if err != nil {
			return nil, s.db.Failed(ctx, err)
		}
		if all = append(all, found...); len(all) > most {
			return nil, access.Conflict{Message: fmt.Sprintf("More than %d can't be changed at once. Start a job instead.", most)}
		}
		after, more = next, next != ""
	}
	return all, nil
}

// runWhole does all of a new job.
func (s *Store) runWhole(tx *gorm.DB, job *Job, by access.Actor, objects []Object) error {
	job.State, job.StartedAt = Running, new(job.CreatedAt)
	if err := s.keep(tx, job, gathered{objects: objects}); err != nil {
		return err
	}
	if err := s.changeAll(tx, job, by); err != nil {
		return err
	}
	return save(tx, job)
}

// pace is how fast jobs go in this program: how many objects fit into a transaction that
// is neither long nor wasteful, and which jobs fail again and again.
type pace struct {
	mu     sync.Mutex
	limits map[string]int
	fails  map[string]int
	// outages are why jobs don't go on at the moment.
	outages map[string]access.Outage
}

// LeastAtOnce is how many objects one transaction changes at least, if so many remain and the
// kind doesn't limit them.
const LeastAtOnce = 100

// mostFails is how often in a row a job may fail.
const mostFails = 5

// limit returns how many objects the next part of a job has, at most most.
func (p *pace) limit(id string, most int) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return min(max(p.limits[id], LeastAtOnce), most)
}

// measure learns from how long a part of n objects took: the next has fewer if that was more than
// turn, and more if it was less than half of it.
func (p *pace) measure(id string, n int, took, turn time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.limits == nil || len(p.limits) > 1000 {
		p.limits = map[string]int{}
	}
	switch {
	case took < turn/2:
		p.limits[id] = min(2*n, MostAtOnce)
	case took > turn:
		p.limits[id] = max(n/2, LeastAtOnce)
	}
}

// judge counts what failed for another reason than an outage, and returns the error.
func (p *pace) judge(job Job, err error) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.fails == nil {
		p.fails, p.outages = map[string]int{}, map[string]access.Outage{}
	}
	delete(p.outages, job.ID)
	switch outage := access.OutageOf(err); {
	case err == nil:
		delete(p.fails, job.ID)
	case outage != "":
		p.outages[job.ID] = outage
	case !errors.Is(err, access.ErrUnavailable) && !errors.Is(err, context.Canceled):
		p.fails[job.ID]++
	}
	return err
}

// Outage returns why this program couldn't go on with a job when it last tried to; "" if it could.
func (s *Store) Outage(id string) access.Outage {
	s.pace.mu.Lock()
	defer s.pace.mu.Unlock()
	return s.pace.outages[id]
}

// broken reports whether a job has failed too often.
func (p *pace) broken(id string) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.fails[id] >= mostFails
}
