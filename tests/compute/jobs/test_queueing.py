from compute.jobs.rules.queueing import Waiting, in_line, placements


def waiting(number, *, project=1, urgency="normal", accelerators=1, clusters=(1,)):
    return Waiting(number, number, project, urgency, accelerators, clusters)


def order(*jobs):
    return [each.attempt_id for each in in_line(jobs)]


def test_first_come_first_served():
    assert order(waiting(3), waiting(1), waiting(2)) == [1, 2, 3]


def test_urgency_reorders_a_projects_own_places_only():
    jobs = [waiting(1, project=1), waiting(2, project=2), waiting(3, project=1, urgency="high")]
    assert order(*jobs) == [3, 2, 1]


def test_a_resumed_job_keeps_its_place():
    resumed = Waiting(attempt_id=9, job_id=1, project_id=1, urgency="normal", accelerators=1, clusters=(1,))
    assert order(waiting(2), resumed) == [9, 2]


def test_a_free_host_takes_the_first_in_line():
    assert placements([waiting(1), waiting(2)], {1: 1}) == {1: 1}


def test_nobody_overtakes_a_large_job():
    assert placements([waiting(1, accelerators=4), waiting(2)], {1: 2}) == {}


def test_a_large_job_does_not_hold_back_other_clusters():
    assert placements([waiting(1, accelerators=4), waiting(2, clusters=(1, 2))], {1: 2, 2: 1}) == {2: 2}


def test_several_fit():
    assert placements([waiting(1), waiting(2), waiting(3)], {1: 2}) == {1: 1, 2: 1}


def test_a_job_without_a_cluster_waits_and_holds_nobody_back():
    assert placements([waiting(1, clusters=()), waiting(2)], {1: 1}) == {2: 1}


def test_an_unknown_urgency_counts_as_normal():
    assert order(waiting(1, urgency="?"), waiting(2, urgency="high")) == [2, 1]
