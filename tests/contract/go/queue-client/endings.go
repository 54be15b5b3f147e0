package main

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/taskcluster/slugid-go/slugid"
	tcclient "github.com/taskcluster/taskcluster/v83/clients/client-go"
	"github.com/taskcluster/taskcluster/v83/clients/client-go/tcauth"
	"github.com/taskcluster/taskcluster/v83/clients/client-go/tcpurgecache"
	"github.com/taskcluster/taskcluster/v83/clients/client-go/tcqueue"
)

// Claims the next run and gives a client with its credentials.
func claimNext(root string, queue *tcqueue.Queue) (*tcqueue.Queue, string) {
	claim := must(queue.ClaimWork(queueID, &tcqueue.ClaimWorkRequest{
		WorkerGroup: "go", WorkerID: "worker", Tasks: 1})).Tasks[0]
	return tcqueue.New(&tcclient.Credentials{ClientID: claim.Credentials.ClientID,
		AccessToken: claim.Credentials.AccessToken, Certificate: claim.Credentials.Certificate},
		root), fmt.Sprint(claim.RunID)
}

// A task that fails, is run again, loses its worker, and is canceled with its group.
func endings(root string, own *tcclient.Credentials) {
	queue := tcqueue.New(own, root)
	task := slugid.Nice()
	must(queue.CreateTask(task, definition(task)))
	worker, run := claimNext(root, queue)
	must(worker.ReportFailed(task, run))
	must(queue.RerunTask(task))
	worker, run = claimNext(root, queue)
	report["counts"] = must(queue.TaskQueueCounts(queueID))
	report["claims"] = len(must(queue.ListClaimedTasks(queueID, "", "")).Tasks)
	unreadable(worker, queue, task, run)
	must(worker.ReportException(task, run, &tcqueue.TaskExceptionRequest{Reason: "worker-shutdown"}))
	report["pending"] = len(must(queue.ListPendingTasks(queueID, "", "")).Tasks)
	must(queue.SealTaskGroup(task))
	report["group canceled"] = must(queue.CancelTaskGroup(task)).TaskIds[0] == task
	reasons := []string{}
	for _, one := range must(queue.Status(task)).Status.Runs {
		reasons = append(reasons, one.ReasonCreated+" "+one.ReasonResolved)
	}
	report["reasons"] = reasons
	both := &tcqueue.TaskDefinitionsResponse{TaskIds: []string{task, slugid.Nice()}}
	report["statuses"] = len(must(queue.Statuses("", "", both)).Statuses)
	report["tasks"] = len(must(queue.Tasks("", "", both)).Tasks)
	_, err := worker.ReclaimTask(task, run)
	report["too late"] = refused(err)
}

// An artifact that says why it is not there, and one that leads to another.
func unreadable(worker, queue *tcqueue.Queue, task, run string) {
	for name, content := range map[string]map[string]string{
		"public/none": {"storageType": "error", "reason": "file-missing-on-worker", "message": "no such"},
		"public/link": {"storageType": "link", "artifact": "public/none", "contentType": "text/plain"},
	} {
		content["expires"] = later(time.Hour)
		request := tcqueue.PostArtifactRequest(must(json.Marshal(content)))
		must(worker.CreateArtifact(task, run, name, &request))
		_, _, _, err := queue.DownloadArtifactToBuf(task, -1, name)
		report[name] = err != nil
	}
	report["info"] = must(queue.LatestArtifactInfo(task, "public/link")).StorageType
}

// A client and a role that come and go, and a cache that is to be purged.
func administration(root string, own *tcclient.Credentials) {
	auth := tcauth.New(own, root)
	scopes := []string{"assume:go-tests:role"}
	must(auth.CreateRole("go-tests:role", &tcauth.CreateRoleRequest{Description: "of Go",
		Scopes: []string{"purge-cache:go-tests/queue:one"}}))
	client := must(auth.CreateClient("go-tests/client", &tcauth.CreateClientRequest{
		Description: "of Go", Expires: tcclient.Time(time.Now().Add(time.Hour)), Scopes: scopes}))
	report["expanded"] = len(must(auth.ExpandScopes(&tcauth.SetOfScopes{Scopes: scopes})).Scopes)
	purges := tcpurgecache.New(&tcclient.Credentials{ClientID: client.ClientID,
		AccessToken: client.AccessToken}, root)
	check(purges.PurgeCache(queueID, &tcpurgecache.PurgeCacheRequest{CacheName: "one"}))
	report["not purged"] = refused(purges.PurgeCache(queueID,
		&tcpurgecache.PurgeCacheRequest{CacheName: "two"}))
	report["purges"] = len(must(tcpurgecache.New(own, root).PurgeRequests(queueID, "")).Requests)
	check(auth.DeleteClient("go-tests/client"))
	report["gone"] = refused(purges.PurgeCache(queueID,
		&tcpurgecache.PurgeCacheRequest{CacheName: "one"}))
}
