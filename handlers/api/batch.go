package api

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"protocol.chat/console/models"
	"protocol.chat/console/models/access"
	"protocol.chat/console/models/audit"
)

// maxOperations is how many operations a batch can have.
const maxOperations = 100

// batchObject is the answer to a batch: what each operation would have answered as a call.
type batchObject struct {
	Results []batchResult `json:"results"`
}

type batchResult struct {
	Status int                 `json:"status"`
	Group  *models.GroupObject `json:"group,omitempty"`
	Error  *errorObject        `json:"error,omitempty"`
}

// operation is one of a batch, as read.
type operation struct {
	action, id string
	change     models.GroupChange
	err        error // what is wrong with it
}

// batch carries out all operations in one transaction. One that fails changes nothing, and
// with “atomic” none does. A missing permission, or a database that is unavailable, is that of
// the whole call.
func (a manyCalls) batch(r *http.Request, by access.Actor) (result, error) {
	in, err := readInput(r)
	if err != nil {
		return result{}, err
	}
	atomic, operations := in.boolean("atomic"), a.operations(r.Context(), in)
	if err := in.check().OrNil(); err != nil {
		return result{}, err
	}
	done, err := audit.Atomic(r.Context(), a.Store.Audit, by, in.key, func(ctx context.Context) (o batchObject, err error) {
		if err := a.Store.HoldGroups(ctx, each(operations, func(op operation) string { return op.id })); err != nil {
			return o, err
		}
		r := r.WithContext(ctx)
		o.Results = make([]batchResult, len(operations))
		for i, op := range operations {
			if o.Results[i], err = a.operate(r, by, op, atomic, i); err != nil {
				return o, err
			}
		}
		return o, nil
	})
	return result{status: http.StatusOK, body: done, replayed: in.key.Replayed}, err
}

// operations reads the operations of a batch.
func (a manyCalls) operations(ctx context.Context, in *input) []operation {
	list, given := in.list("operations")
	switch {
	case !given || list != nil && len(list) == 0:
		in.missing("operations", "List the operations in “operations”.")
	case len(list) > maxOperations:
		in.invalid("operations", fmt.Sprintf("A batch can have at most %d operations; these are %d.", maxOperations, len(list)))
		return nil
	}
	operations := make([]operation, len(list))
	for i, value := range list {
		object, ok := value.(map[string]any)
		if !ok {
			in.invalid(fmt.Sprintf("operations[%d]", i), "An operation must be an object with an “action”.")
			continue
		}
		operations[i] = a.operationOf(ctx, &input{values: object, form: in.form})
	}
	return operations
}

func (a manyCalls) operationOf(ctx context.Context, in *input) operation {
	op := operation{action: in.plain("action")}
	if !slices.Contains(actions, op.action) {
		in.invalid("action", "“action” must be one of "+strings.Join(actions, ", ")+".")
	}
	if op.action != "create" {
		if op.id = in.plain("id"); op.id == "" {
			in.missing("id", "Say which group, by its “id”.")
		}
	}
	switch op.action {
	case "create":
		op.change = newGroup(in.object("group"))
	case "update":
		op.change, op.err = a.changeOf(ctx, in.object("group"), op.id)
	default:
		op.err = in.check().OrNil()
		return op
	}
	op.change.Problems = in.check().And(op.change.Problems)
	return op
}

// actions are what an operation can do.
var actions = []string{"create", "update", "archive", "restore", "delete"}

// operate carries out an operation, the i-th, and returns its result; an error if all of the
// batch fails.
func (a manyCalls) operate(r *http.Request, by access.Actor, op operation, atomic bool, i int) (batchResult, error) {
	status, g, err := a.carryOut(r.Context(), by, op)
	if errors.Is(err, access.ErrNotFound) {
		err = noObject("group", "id", op.id)
	}
	if err == nil {
		return batchResult{Status: status, Group: g}, nil
	}
	f, object := a.errorOf(r, err)
	switch {
	case f.code == codeForbidden || statuses[f.code] >= statusCanceled:
		return batchResult{}, err
	case atomic:
		at := fmt.Sprintf("operations[%d]", i)
		return batchResult{}, failure{code: codeConflict, param: at, message: "Nothing was changed, because " + at + " failed. " + f.message}
	}
	return batchResult{Status: statuses[f.code], Error: &object}, nil
}

// carryOut does what a single call does.
func (a manyCalls) carryOut(ctx context.Context, by access.Actor, op operation) (status int, _ *models.GroupObject, err error) {
	var g models.Group
	status = http.StatusOK
	switch {
	case op.err != nil:
		return 0, nil, op.err
	case op.action == "create":
		var made models.CreatedGroup
		made, err = a.Store.CreateGroup(ctx, by, op.change, nil)
		status, g = http.StatusCreated, made.Group
	case op.action == "update":
		g, err = a.Store.UpdateGroup(ctx, by, op.id, op.change)
	case op.action == "archive":
		g, err = a.Store.ArchiveGroup(ctx, by, op.id, 0)
	case op.action == "restore":
		g, err = a.Store.RestoreGroup(ctx, by, op.id)
	default:
		return http.StatusNoContent, nil, a.Store.DeleteGroup(ctx, by, op.id, nil)
	}
	return status, new(g.Object()), err
}
