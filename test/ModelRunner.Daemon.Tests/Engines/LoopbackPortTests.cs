using System.Globalization;
using System.Net;
using System.Net.Sockets;
using ModelRunner.Daemon.Engines.Command;
using ModelRunner.Daemon.Tests.Linux.Processes;
using ModelRunner.Linux.Files;
using ModelRunner.Linux.Processes;
using ModelRunner.Linux.Sockets;

namespace ModelRunner.Daemon.Tests.Engines;

public sealed class LoopbackPortTests
{
    private const uint Runner = 4_000_001;
    private const uint Other = 4_000_002;

    [Theory]
    [InlineData("0100007F:1F90 0A OWN", "Trusted")]
    [InlineData("00000000:1F90 0A 0", "Trusted")]
    [InlineData("0100007F:1F90 0A RUNNER", "Trusted")]
    [InlineData("0100007F:1F90 0A OTHER", "Stranger")]
    [InlineData("00000000:1F90 0A OTHER", "Stranger")]
    [InlineData("00000000000000000000000000000000:1F90 0A OTHER", "Stranger")]
    [InlineData("0000000000000000FFFF00000100007F:1F90 0A OTHER", "Stranger")]
    [InlineData("0100007F:1F90 0A OWN|00000000000000000000000000000000:1F90 0A OTHER", "Stranger")]
    [InlineData("0100007F:1F90 01 OTHER", "Nobody")]
    [InlineData("0100007F:1F91 0A OTHER", "Nobody")]
    [InlineData("0200007F:1F90 0A OTHER", "Nobody")]
    [InlineData("", "Nobody")]
    public void The_owner_of_a_port_is_read_from_the_kernels_table(string sockets, string owner)
    {
        string[] table = [.. sockets.Split('|', StringSplitOptions.RemoveEmptyEntries).Select(Line)];

        Assert.Equal(owner, TcpListeners.OwnerOf(IPAddress.Loopback, 8080, table, static user => user == Runner).ToString());
    }

    [Fact]
    public void A_port_of_this_user_is_trusted_until_nobody_listens()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        int port = ((IPEndPoint)listener.LocalEndpoint).Port;
        Assert.Equal(PortOwner.Trusted, LoopbackPort.OwnerOf(port, static _ => false));

        listener.Stop();

        Assert.Equal(PortOwner.Nobody, LoopbackPort.OwnerOf(port, static _ => false));
    }

    [Fact]
    public async Task A_process_runs_as_its_user_until_it_is_reaped()
    {
        using var bed = new SpawnBed();
        ChildProcess child = await bed.StartShellAsync("exec sleep 600");
        Assert.True(child.RunsAs(PrivateFolder.User));
        Assert.False(child.RunsAs(Other));

        child.Kill();
        await child.Exited.WaitAsync(LaunchBed.Limit, TestContext.Current.CancellationToken);

        Assert.False(child.RunsAs(PrivateFolder.User));
    }

    private static string Line(string socket)
    {
        string[] parts = socket.Split(' ');
        uint user = parts[2] switch { "OWN" => PrivateFolder.User, "RUNNER" => Runner, "OTHER" => Other, _ => 0 };
        return string.Create(CultureInfo.InvariantCulture, $" 0: {parts[0]} 00000000:0000 {parts[1]} 00000000:00000000 00:00000000 00000000 {user} 0 12345 1");
    }
}
