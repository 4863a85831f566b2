using Microsoft.Net.Http.Headers;
using ModelRunner.Configuration;
using ModelRunner.Daemon.Keys;
using ModelRunner.Daemon.Pulling;
using ModelRunner.Daemon.Responses;
using ModelRunner.Linux.Terminals;
using ModelRunner.Store.Archives;
using ModelRunner.Store.Layout;

namespace ModelRunner.Daemon.Api;

/// <summary><c>GET /models/NAME/export</c>: a pulled model as a tar archive. It is sent from the files of the store, which are kept until its end.</summary>
internal sealed class ExportEndpoint(ModelPulls pulls, StoredModels stored)
{
    private const int MaxShown = 200;

    public void AddTo(ModelActions actions)
    {
        actions.Add(HttpMethods.Get, "export", HandleAsync);
        actions.Add(HttpMethods.Head, "export", HandleAsync);
    }

    private async Task HandleAsync(HttpContext context, string written)
    {
        // The path is that of the description of a model, for which every key is enough.
        if (Caller.Of(context) is { Key: { } key } caller && !caller.Has(KeyScopes.Admin))
            throw new ApiException(KeyErrors.Scope(key, KeyScopes.Admin));
        ApiErrors.RequireOpenSsl("saving a model");
        using ModelArchive archive = await OpenAsync(written, context.RequestAborted);
        context.Response.ContentType = "application/x-tar";
        context.Response.ContentLength = archive.Length;
        context.Response.Headers.ContentDisposition = new ContentDispositionHeaderValue("attachment") { FileName = FileNameOf(written) }.ToString();
        context.Response.Headers.XContentTypeOptions = "nosniff";
        if (HttpMethods.IsGet(context.Request.Method))
            await SendAsync(context, archive, written);
    }

    // The status is sent first, so the client sees that an archive began, and that it is not whole.
    private async Task SendAsync(HttpContext context, ModelArchive archive, string written)
    {
        await context.Response.Body.FlushAsync(context.RequestAborted);
        try
        {
            await archive.WriteAsync(context.Response.Body, context.RequestAborted);
        }
        catch (Exception failure) when (failure is StoreException || (failure is IOException && !context.RequestAborted.IsCancellationRequested))
        {
            // Wrong bytes, a disk error, or a file that became shorter.
            pulls.LogSaveFailed(PlainText.EscapeAndCut(written, MaxShown), failure.Message);
            await context.Response.Body.FlushAsync(context.RequestAborted);
            context.Abort();
        }
    }

    private async Task<ModelArchive> OpenAsync(string written, CancellationToken cancellationToken)
    {
        try
        {
            (StoreEntry entry, string? tag) = await stored.FindAsync(written, "so it has no files here that can be saved; copy its file", cancellationToken);
            return ModelArchive.Open(pulls.Store, entry, tag ?? (entry.Tags.Count > 0 ? entry.Tags[0] : null));
        }
        catch (StoreException failure)
        {
            throw StoredModels.Explain(failure, written);
        }
    }

    private static string FileNameOf(string written) =>
        string.Concat(written.Split('/')[^1].Select(static letter => char.IsAsciiLetterOrDigit(letter) || letter is '.' or '-' or '_' ? letter : '-')) + ".tar";
}
