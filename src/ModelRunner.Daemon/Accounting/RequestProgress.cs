using ModelRunner.Scheduling;
using ModelRunner.Telemetry;

namespace ModelRunner.Daemon.Accounting;

/// <summary>A request that has not ended, for the case that the daemon ends first.</summary>
/// <param name="Id">A number that no other request of this process has.</param>
/// <param name="Key">Backend, model and mode.</param>
/// <param name="KeyName">The name of the key with which it was sent.</param>
/// <param name="ArrivedAt">When it arrived.</param>
/// <param name="Figures">What its response told so far.</param>
internal sealed record RequestProgress(long Id, RunnerKey Key, string KeyName, DateTimeOffset ArrivedAt, ResponseFigures Figures);
