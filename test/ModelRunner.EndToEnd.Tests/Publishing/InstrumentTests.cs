using System.Diagnostics;
using ModelRunner.Testing;

namespace ModelRunner.EndToEnd.Tests.Publishing;

/// <summary>A small program that is published as the two programs are: it imports the same <c>eng/NativeAot.props</c>.</summary>
public sealed class InstrumentTests : IDisposable
{
    private const string Source =
        """
        using System.Diagnostics;
        using System.Diagnostics.Metrics;
        using System.Net;
        using System.Net.Sockets;

        long sum = 0;
        using var listener = new MeterListener { InstrumentPublished = static (instrument, me) => me.EnableMeasurementEvents(instrument) };
        listener.SetMeasurementEventCallback<int>((_, value, _, _) => sum += value);
        listener.Start();
        using var meter = new Meter("probe");
        meter.CreateCounter<int>("requests").Add(3);

        using var server = new TcpListener(IPAddress.Loopback, 0);
        server.Start();
        using var activity = new Activity("request").Start();
        using var client = new HttpClient();
        var answer = client.GetAsync(new Uri($"http://{server.LocalEndpoint}/"));
        using var connection = await server.AcceptTcpClientAsync();
        using var reader = new StreamReader(connection.GetStream());
        var propagated = false;
        while (await reader.ReadLineAsync() is { Length: > 0 } line)
            propagated |= line.StartsWith("traceparent: ", StringComparison.OrdinalIgnoreCase);
        await connection.GetStream().WriteAsync("HTTP/1.1 204 No Content\r\n\r\n"u8.ToArray());
        using var response = await answer;
        Console.WriteLine($"measured {sum}, propagated {propagated}");
        """;

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Instruments_measure_and_requests_carry_their_trace()
    {
        PublishedFolder.RequireCompiler();
        await File.WriteAllTextAsync(Path.Join(_folder.Path, "Program.cs"), Source, TestContext.Current.CancellationToken);
        await File.WriteAllTextAsync(Path.Join(_folder.Path, "probe.csproj"),
            $"""
            <Project Sdk="Microsoft.NET.Sdk">
              <Import Project="{Repository.Root}/eng/NativeAot.props" />
              <PropertyGroup>
                <OutputType>Exe</OutputType>
                <TargetFramework>net10.0</TargetFramework>
                <ImplicitUsings>enable</ImplicitUsings>
                <InvariantGlobalization>true</InvariantGlobalization>
              </PropertyGroup>
            </Project>
            """, TestContext.Current.CancellationToken);
        string target = Path.Join(_folder.Path, "out");
        await PublishedFolder.PublishAsync("probe.csproj", target, _folder.Path);

        using Process program = Process.Start(
            new ProcessStartInfo(Path.Join(target, "probe")) { RedirectStandardOutput = true, UseShellExecute = false })!;
        string output = await program.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        await program.WaitForExitAsync(TestContext.Current.CancellationToken);

        Assert.Equal("measured 3, propagated True\n", output);
    }
}
