using ModelRunner.Store.Http;
using ModelRunner.Store.Pulls;
using ModelRunner.Testing.Registries;

namespace ModelRunner.Store.Tests.Pulls;

/// <summary>What goes wrong during a pull, and how the pull ends.</summary>
/// <param name="Result">The result.</param>
/// <param name="Text">A part of the message.</param>
/// <param name="Faults">What goes wrong, in this order.</param>
internal sealed record FaultCase(PullResult Result, string Text, params RegistryFault[] Faults)
{
    /// <summary>How often a request is sent before its failure counts.</summary>
    public int MaxTries { get; init; } = 5;

    /// <summary>The limits of requests. Only the limit that a fault reaches is short, so a slow machine does not reach the other one first.</summary>
    public OutgoingSettings Outgoing { get; init; } = new();
}
