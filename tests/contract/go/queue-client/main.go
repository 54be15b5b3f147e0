// Queue-client leads a task through its life by the stock Go client and prints what it saw as JSON.
//
//	queue-client <rootUrl> <clientId> <accessToken>
package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"time"

	"github.com/taskcluster/slugid-go/slugid"
	tcclient "github.com/taskcluster/taskcluster/v83/clients/client-go"
	"github.com/taskcluster/taskcluster/v83/clients/client-go/tcauth"
	"github.com/taskcluster/taskcluster/v83/clients/client-go/tcindex"
	"github.com/taskcluster/taskcluster/v83/clients/client-go/tcobject"
	"github.com/taskcluster/taskcluster/v83/clients/client-go/tcqueue"
	"github.com/taskcluster/taskcluster/v83/clients/client-go/tcsecrets"
)

const queueID = "go-tests/queue"

var report = map[string]any{}

func must[T any](value T, err error) T {
	check(err)
	return value
}

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// The status of a call that is expected to be refused.
func refused(err error) int {
	var failure *tcclient.APICallException
	if errors.As(err, &failure) && failure.CallSummary.HTTPResponse != nil {
		return failure.CallSummary.HTTPResponse.StatusCode
	}
	fmt.Fprintln(os.Stderr, "expected to be refused:", err)
	os.Exit(1)
	return 0
}

func later(d time.Duration) string {
	return time.Now().Add(d).UTC().Format("2006-01-02T15:04:05.000Z")
}

func definition(group string, dependencies ...string) *tcqueue.TaskDefinitionRequest {
	text := must(json.Marshal(map[string]any{
		"taskQueueId": queueID, "schedulerId": "go-tests", "taskGroupId": group,
		"dependencies": dependencies, "created": later(0), "deadline": later(time.Hour),
		"expires": later(24 * time.Hour), "payload": map[string]any{"some": "payload"},
		"metadata": map[string]any{"name": "go", "description": "a task of the Go client",
			"owner": "tests@example.com", "source": "https://example.com/"},
	}))
	made := new(tcqueue.TaskDefinitionRequest)
	check(json.Unmarshal(text, made))
	return made
}

func upload(worker *tcqueue.Queue, task, run string) {
	contentType := "text/plain"
	request := tcqueue.PostArtifactRequest(must(json.Marshal(map[string]any{
		"storageType": "s3", "contentType": contentType, "expires": later(time.Hour)})))
	made := must(worker.CreateArtifact(task, run, "public/a b/c.txt", &request))
	var place struct{ PutURL string }
	check(json.Unmarshal(*made, &place))
	put := must(http.NewRequest(http.MethodPut, place.PutURL, bytes.NewBufferString("by Go")))
	put.Header.Set("Content-Type", contentType)
	answer := must(http.DefaultClient.Do(put))
	report["put"] = answer.StatusCode
}

func uploadObject(root string, worker *tcqueue.Queue, task, run string) {
	request := tcqueue.PostArtifactRequest(must(json.Marshal(map[string]any{
		"storageType": "object", "contentType": "application/x-thing", "expires": later(time.Hour)})))
	made := must(worker.CreateArtifact(task, run, "public/object", &request))
	var place struct {
		Name, ProjectID, UploadID string
		Expires                   tcclient.Time
		Credentials               struct{ ClientID, AccessToken, Certificate string }
	}
	check(json.Unmarshal(*made, &place))
	object := tcobject.New(&tcclient.Credentials{ClientID: place.Credentials.ClientID,
		AccessToken: place.Credentials.AccessToken, Certificate: place.Credentials.Certificate}, root)
	check(object.UploadFromBuf(place.ProjectID, place.Name, "application/x-thing",
		time.Time(place.Expires), place.UploadID, bytes.Repeat([]byte("thing"), 1000)))
	check(worker.FinishArtifact(task, run, "public/object",
		&tcqueue.FinishArtifactRequest{UploadID: place.UploadID}))
}

// One that travels in the call, and one by URL.
func anyObjects(root string, own *tcclient.Credentials) {
	object := tcobject.New(own, root)
	for name, data := range map[string][]byte{"go/small": []byte("hello"),
		"go/large/one": bytes.Repeat([]byte("large"), 100000)} {
		check(object.UploadFromBuf("go-tests", name, "text/plain", time.Now().Add(time.Hour),
			slugid.Nice(), data))
		found, contentType, _, err := object.DownloadToBuf(name)
		check(err)
		report[name] = bytes.Equal(found, data) && contentType == "text/plain"
	}
}

func lifeCycle(root string, own *tcclient.Credentials) string {
	queue := tcqueue.New(own, root)
	first, second := slugid.Nice(), slugid.Nice()
	report["created"] = must(queue.CreateTask(first, definition(first))).Status.State
	report["dependent"] = must(queue.CreateTask(second, definition(first, first))).Status.State
	claims := must(queue.ClaimWork(queueID, &tcqueue.ClaimWorkRequest{
		WorkerGroup: "go", WorkerID: "worker", Tasks: 2})).Tasks
	report["claimed"] = len(claims)
	claim := claims[0]
	run := fmt.Sprint(claim.RunID)
	worker := tcqueue.New(&tcclient.Credentials{ClientID: claim.Credentials.ClientID,
		AccessToken: claim.Credentials.AccessToken, Certificate: claim.Credentials.Certificate}, root)
	reclaimed := must(worker.ReclaimTask(first, run))
	report["reclaimed"] = !time.Time(reclaimed.TakenUntil).Before(time.Time(claim.TakenUntil))
	upload(worker, first, run)
	uploadObject(root, worker, first, run)
	report["completed"] = must(worker.ReportCompleted(first, run)).Status.State
	for name, key := range map[string]string{"public/a b/c.txt": "text", "public/object": "object"} {
		bytes, contentType, _, err := queue.DownloadArtifactToBuf(first, -1, name)
		check(err)
		report[key] = map[string]any{"size": len(bytes), "contentType": contentType}
	}
	report["freed"] = must(queue.Status(second)).Status.State
	report["canceled"] = must(queue.CancelTask(second)).Status.State
	return first
}

func listings(root string, own *tcclient.Credentials, group string) {
	queue := tcqueue.New(own, root)
	pages, token, seen := 0, "", 0
	for {
		page := must(queue.ListTaskGroup(group, token, "1"))
		pages, seen, token = pages+1, seen+len(page.Tasks), page.ContinuationToken
		if token == "" {
			break
		}
	}
	report["group"] = map[string]int{"pages": pages, "tasks": seen}
	report["artifacts"] = len(must(queue.ListLatestArtifacts(group, "", "")).Artifacts)
	report["dependents"] = len(must(queue.ListDependentTasks(group, "", "")).Tasks)
	report["sealed"] = !time.Time(must(queue.SealTaskGroup(group)).Sealed).IsZero()
	report["workers"] = len(must(queue.ListWorkers("go-tests", "queue", "", "", "")).Workers)
	signed := must(queue.Status_SignedURL(group, time.Minute))
	report["signed"] = must(http.Get(signed.String())).StatusCode
}

func refusals(root string, own *tcclient.Credentials, task string) {
	queue := tcqueue.New(own, root)
	_, err := queue.Status(slugid.Nice())
	report["unknown"] = refused(err)
	_, err = queue.CreateTask(task, definition(slugid.Nice()))
	report["other"] = refused(err)
	_, err = tcqueue.New(nil, root).CancelTask(task)
	report["anonymous"] = refused(err)
	_, err = tcqueue.New(&tcclient.Credentials{ClientID: own.ClientID, AccessToken: "wrong"}, root).
		CancelTask(task)
	report["wrong"] = refused(err)
	narrow := *own
	narrow.AuthorizedScopes = []string{"queue:nothing"}
	_, err = tcqueue.New(&narrow, root).CancelTask(task)
	report["narrow"] = refused(err)
}

func otherServices(root string, own *tcclient.Credentials, task string) {
	named := must(own.CreateNamedTemporaryCredentials("go-tests/named", time.Hour,
		"auth:current-scopes", "go:*"))
	scopes := must(tcauth.New(named, root).CurrentScopes())
	report["named"] = scopes.Scopes
	index := tcindex.New(own, root)
	must(index.InsertTask("go-tests.a.b", &tcindex.InsertTaskRequest{TaskID: task, Rank: 1,
		Data: json.RawMessage(`{"by":"go"}`), Expires: tcclient.Time(time.Now().Add(time.Hour))}))
	report["indexed"] = must(index.FindTask("go-tests.a.b")).TaskID == task
	secrets := tcsecrets.New(own, root)
	check(secrets.Set("go-tests/one", &tcsecrets.Secret{Secret: json.RawMessage(`{"deep":"secret"}`),
		Expires: tcclient.Time(time.Now().Add(time.Hour))}))
	report["secret"] = json.RawMessage(must(secrets.Get("go-tests/one")).Secret)
}

func main() {
	root := os.Args[1]
	own := &tcclient.Credentials{ClientID: os.Args[2], AccessToken: os.Args[3]}
	task := lifeCycle(root, own)
	listings(root, own, task)
	refusals(root, own, task)
	otherServices(root, own, task)
	anyObjects(root, own)
	endings(root, own)
	administration(root, own)
	check(json.NewEncoder(os.Stdout).Encode(report))
}
