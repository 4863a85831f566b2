using System.Text.Json;
using ModelRunner.Client;

namespace ModelRunner.Cli;

/// <summary>Sends an archive to the daemon and shows the result.</summary>
/// <param name="context">The console and the clock.</param>
/// <param name="client">Asks the daemon.</param>
internal sealed class ModelUpload(CliContext context, DaemonClient client)
{
    /// <summary>Sends an archive.</summary>
    /// <param name="name">The name that the model gets; empty: the one in the archive.</param>
    /// <param name="length">Bytes of the archive; null: unknown.</param>
    /// <param name="write">Writes it, and calls the function with the number of bytes of each step.</param>
    /// <param name="cancellation">Ends it; then the daemon keeps nothing.</param>
    /// <returns>The response: an object with <c>id</c> and <c>tags</c>.</returns>
    /// <exception cref="CliFailure">The archive cannot be read, or the daemon does not take it.</exception>
    public async Task<JsonDocument> SendAsync(
        string name, long? length, Func<Stream, Action<int>, CancellationToken, Task> write, CancellationToken cancellation)
    {
        using var progress = new TransferProgress(context, "loaded", length);
        CliFailure? problem = null;
        using var answered = new CancellationTokenSource();
        using var content = new UploadContent(length, async (stream, token) =>
        {
            try
            {
                // The source may wait in a call that cannot be cancelled. A body with a length cannot end early.
                await write(stream, progress.Add, token).WaitAsync(length is null ? answered.Token : CancellationToken.None);
            }
            catch (OperationCanceledException) when (answered.IsCancellationRequested)
            {
                // The daemon has responded without the rest. Its response says why.
            }
            catch (CliFailure failure)
            {
                problem = failure;
                throw;
            }
        });
        string path = name.Length == 0 ? "models/load" : $"models/load?name={Uri.EscapeDataString(name)}";
        try
        {
            return await client.PostJsonAsync(path, content, answered.Cancel, cancellation);
        }
        catch (Exception) when (problem is not null)
        {
            throw problem;
        }
    }

    /// <summary>Shows the response for people or as JSON.</summary>
    public void Show(JsonDocument result, string verb, bool isJson)
    {
        if (isJson)
        {
            context.Console.WriteLine(result.RootElement.GetRawText());
            return;
        }

        string id = result.RootElement.Text("id");
        string[] tags = [.. result.RootElement.Member("tags") is { } list ? list.Items().Select(static tag => tag.GetString() ?? "") : []];
        context.Console.WriteLine(tags.Length > 0
            ? $"{verb} {string.Join(", ", tags)} ({id})."
            : $"{verb} the model {id} without a name; give it one with \"model-runner tag\" or --name.");
    }
}
