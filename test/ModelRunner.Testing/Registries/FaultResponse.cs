using System.IO.Compression;
using Microsoft.AspNetCore.Http;

namespace ModelRunner.Testing.Registries;

/// <summary>Writes responses with faults.</summary>
internal static class FaultResponse
{
    private const string Page = "<!DOCTYPE html><html><body>Sign in to this network</body></html>";

    /// <summary>Answers without the registry, if the fault wants that.</summary>
    public static async Task<bool> TryAnswerAsync(HttpContext context, RegistryFault fault)
    {
        HttpResponse response = context.Response;
        switch (fault.Kind)
        {
            case FaultKind.NoAnswer:
                await UntilAbortedAsync(context);
                return true;
            case FaultKind.Html:
                response.ContentType = "text/html; charset=utf-8";
                await response.WriteAsync(Page);
                return true;
            case FaultKind.Status:
                // An upload that is not read to its end would break the connection instead.
                await context.Request.Body.CopyToAsync(Stream.Null);
                response.StatusCode = (int)fault.Status;
                if (fault.RetryAfter is not null)
                    response.Headers.RetryAfter = fault.RetryAfter;
                await response.WriteAsync("""{"errors":[{"code":"FAULT","message":"a fault\nof the test"}]}""");
                return true;
            case FaultKind.RedirectLoop:
                response.StatusCode = 307;
                response.Headers.Location = $"{context.Request.Path}{context.Request.QueryString}";
                return true;
            case FaultKind.RedirectTo:
                response.StatusCode = 307;
                response.Headers.Location = new Uri(fault.Target!, context.Request.Path).AbsoluteUri + "?signature=s3cret";
                return true;
            default:
                return false;
        }
    }

    /// <summary>Sends the body of the registry's response.</summary>
    public static async Task SendBodyAsync(HttpContext context, Stream body, RegistryFault? fault)
    {
        HttpResponse response = context.Response;
        switch (fault?.Kind)
        {
            case FaultKind.Cut:
                // A body that is shorter than its length makes the server close the connection. Aborting it would also take back what was sent.
                // Without its start, a body without a byte would become an error of this server.
                await response.StartAsync();
                await CopyAsync(body, response.Body, fault.Bytes);
                break;
            case FaultKind.Stall:
                await CopyAsync(body, response.Body, fault.Bytes);
                await response.Body.FlushAsync();
                await UntilAbortedAsync(context);
                break;
            case FaultKind.Slow:
                await CopySlowlyAsync(context, body, fault);
                break;
            case FaultKind.Gzip:
                response.ContentLength = null;
                response.Headers.ContentEncoding = "gzip";
                await using (var gzip = new GZipStream(response.Body, CompressionLevel.Fastest, leaveOpen: true))
                    await body.CopyToAsync(gzip);
                break;
            case FaultKind.ChangedByte:
                byte[] bytes = await ReadAsync(body);
                bytes[fault.Bytes] ^= 0xFF;
                await response.Body.WriteAsync(bytes);
                break;
            case FaultKind.Longer:
                response.ContentLength = null;
                await body.CopyToAsync(response.Body);
                await response.Body.WriteAsync(new byte[fault.Bytes]);
                break;
            case FaultKind.Shorter:
                response.ContentLength = fault.Bytes;
                await CopyAsync(body, response.Body, fault.Bytes);
                break;
            default:
                await body.CopyToAsync(response.Body, context.RequestAborted);
                break;
        }
    }

    private static async Task UntilAbortedAsync(HttpContext context)
    {
        var aborted = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using CancellationTokenRegistration registration = context.RequestAborted.Register(aborted.SetResult);
        await aborted.Task;
    }

    private static async Task CopySlowlyAsync(HttpContext context, Stream body, RegistryFault fault)
    {
        byte[] part = new byte[fault.Bytes];
        while (await body.ReadAsync(part, context.RequestAborted) is > 0 and var count)
        {
            await context.Response.Body.WriteAsync(part.AsMemory(0, count), context.RequestAborted);
            await context.Response.Body.FlushAsync(context.RequestAborted);
            await Task.Delay(fault.Pause, context.RequestAborted);
        }
    }

    private static async Task CopyAsync(Stream from, Stream to, long count)
    {
        byte[] block = new byte[16 * 1024];
        while (count > 0 && await from.ReadAsync(block.AsMemory(0, (int)Math.Min(block.Length, count))) is > 0 and var read)
        {
            await to.WriteAsync(block.AsMemory(0, read));
            count -= read;
        }
    }

    private static async Task<byte[]> ReadAsync(Stream body)
    {
        using var bytes = new MemoryStream();
        await body.CopyToAsync(bytes);
        return bytes.ToArray();
    }
}
