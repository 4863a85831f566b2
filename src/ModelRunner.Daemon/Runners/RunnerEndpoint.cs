namespace ModelRunner.Daemon.Runners;

/// <summary>
/// How to reach one runner. It owns a connection pool of its own, so that no answer can come from another runner; it lives as long as the
/// runner's start does.
/// </summary>
/// <param name="BaseAddress">Ends in a slash. The authority is unique to this start.</param>
/// <param name="Client">Sends requests to this runner only: no redirects, no cookies, no proxy, no decompression.</param>
/// <param name="Display">What a person calls it: <c>unix:/path</c> or <c>http://host:port</c>.</param>
internal sealed record RunnerEndpoint(Uri BaseAddress, HttpMessageInvoker Client, string Display);
