using ModelRunner.Configuration;
using ModelRunner.Daemon.Models;

namespace ModelRunner.Daemon.Keys;

/// <summary>
/// Which times of <c>keep_alive</c> a caller may ask for. A model that never leaves takes the room of all others, so a key without the scope
/// admin cannot keep one longer than the settings say. It cannot stop one that the settings preload either: that is an unload.
/// </summary>
/// <param name="usual">The time of models that have none of their own; negative: until an unload.</param>
internal sealed class KeepAliveLimit(Func<TimeSpan> usual)
{
    /// <summary>The time that counts; null: that of the model.</summary>
    /// <param name="caller">Who sent the request.</param>
    /// <param name="asked">What the request says; negative: until an unload; null: nothing.</param>
    /// <param name="model">The model.</param>
    public TimeSpan? Apply(Caller caller, TimeSpan? asked, ModelEntry model)
    {
        if (asked is not { } time || caller.Has(KeyScopes.Admin))
            return asked;
        if (time == TimeSpan.Zero && model.Settings.IsPreloaded)
            return null;
        TimeSpan own = model.Settings.KeepAlive ?? usual();
        bool isLonger = own >= TimeSpan.Zero && (time < TimeSpan.Zero || time > own);
        return isLonger ? null : asked;
    }
}
