namespace ModelRunner.Scheduling;

/// <summary>The class of a request. In lower case it is the word of the configuration and of the header.</summary>
public enum RequestPriority
{
    /// <summary>Somebody waits for the response.</summary>
    Interactive,

    /// <summary>It yields to interactive requests for <see cref="SchedulerSettings.BackgroundDelay"/>.</summary>
    Background,
}
