namespace ModelRunner.Exposition.Tests.Support;

/// <summary>What Prometheus says of one target: its error, empty where there is none, and how many samples it stored.</summary>
internal sealed record ScrapeOutcome(string Error, int Samples);
