using ModelRunner.Scheduling;

namespace ModelRunner.Daemon.Inference;

/// <summary>
/// The class of all requests of a caller: a feature of the request that whoever identifies the caller may set. Requests of a caller without it are
/// interactive.
/// </summary>
/// <param name="Priority">The highest class that its requests can have.</param>
internal sealed record CallerClass(RequestPriority Priority);
