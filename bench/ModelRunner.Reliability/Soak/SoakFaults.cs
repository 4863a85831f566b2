using ModelRunner.Reliability.Faults;

namespace ModelRunner.Reliability.Soak;

/// <summary>The faults of a soak. Each hits one model or none; the daemon goes on.</summary>
internal static class SoakFaults
{
    public static Fault[] All =>
    [
        new RunnerSignal("runner stopped", "STOP", "CONT"),
        new StubFault("page hangs in its body", """{"metrics_hang": "body"}""", """{"metrics_hang": null}"""),
        new RunnerSignal("runner killed", "KILL"),
        new SlowPeers(),
        new StubFault("page is HTML", """{"metrics_html": 1}""", """{"metrics_html": null}"""),
        new RunnerCrash(),
        new BusyProcessors(),
        new FailingLoad(),
        new StubFault("page is endless", """{"metrics_endless": 1}""", """{"metrics_endless": null}"""),
        new Reload(),
        new StubFault("page breaks off", """{"metrics_truncate": 20}""", """{"metrics_truncate": null}"""),
        new StubFault("streams break off", """{"break_stream_after": 2}""", """{"break_stream_after": null}"""),
        new StubFault("runner ignores SIGTERM", """{"ignore_sigterm": 1}""", """{"ignore_sigterm": null}"""),
        new StubFault("status 500", """{"request_status": 500}""", """{"request_status": null}"""),
    ];
}
