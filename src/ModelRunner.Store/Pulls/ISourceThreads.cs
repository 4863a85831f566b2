namespace ModelRunner.Store.Pulls;

/// <summary>Threads for work that may never end, because it reads from a disk of another tool. They serve nothing else. Safe to call from any thread.</summary>
internal interface ISourceThreads
{
    /// <summary>Runs some work.</summary>
    /// <param name="place">What it reads. One place occupies only a part of the threads.</param>
    /// <param name="begun">Called when a thread is free for the work, before the work.</param>
    /// <param name="work">The work.</param>
    /// <exception cref="OutOfMemoryException">The system cannot create a thread.</exception>
    Task<T> RunAsync<T>(string place, Action begun, Func<T> work);
}
