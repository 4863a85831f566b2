using ModelRunner.Reliability.Lab;

namespace ModelRunner.Reliability.Faults;

/// <summary>Something bad that lasts for a while.</summary>
internal abstract class Fault
{
    /// <summary>Its name in tables.</summary>
    public abstract string Name { get; }

    /// <summary>Whether the daemon itself cannot answer meanwhile, so that nothing is expected of it until the fault has ended.</summary>
    public virtual bool SilencesDaemon => false;

    /// <summary>Whether a client may get errors meanwhile for models that are not hit.</summary>
    public virtual bool MayRefuse => false;

    /// <summary>Adds what the fault needs from the start.</summary>
    public virtual LabSetup Adjust(LabSetup setup) => setup;

    /// <summary>Begins.</summary>
    /// <param name="lab">The daemon.</param>
    /// <param name="victim">The model that is hit, if the fault hits one.</param>
    public abstract Task BeginAsync(LabDaemon lab, string victim);

    /// <summary>Ends.</summary>
    /// <inheritdoc cref="BeginAsync" path="/param"/>
    public virtual Task EndAsync(LabDaemon lab, string victim) => Task.CompletedTask;
}
