// SPDX-License-Identifier: GPL-2.0-only
/*
 * pfnclient: what a real program does with a graphics card, or with a device
 * in the hands of VFIO.
 *
 *   pfnclient drm CARD WIDTH HEIGHT          a dumb buffer of 32 bits a pixel
 *   pfnclient qxl CARD WIDTH HEIGHT          a surface, in the card's memory
 *   pfnclient vfio GROUP BDF REGION [LENGTH] a BAR, aligned for huge pages
 *   pfnclient udmabuf LENGTH                 a DMA buffer of memory that is mapped, too
 *   pfnclient heap NAME LENGTH               a DMA buffer of a heap
 *
 * Maps, says one line, then takes commands from standard input, one a line,
 * and says one line for each:
 *
 *   fill             write a pattern, every word of the mapping
 *   check            read it back
 *   peek OFFSET      read one word: a page fault, if none was there
 *   munmap OFFSET LENGTH
 *   mprotect OFFSET LENGTH r|rw
 *   fork             a child that reads all of it, unmaps its first page, and
 *                    stays
 *   reap             end that child
 *   show | hide      drm: scan it out on the first connector, or no longer
 *   off | on         vfio: the device's memory decoding, by its command word
 *   destroy          drm: the buffer, while it is mapped
 *   remap            the same once more, at another address
 *
 * "mapped va=0x... len=0x...", "ok ...", "failed errno=N at=WHAT", "bad ...".
 */
#define _GNU_SOURCE
#include <drm/drm.h>
#include <drm/drm_mode.h>
#include <drm/qxl_drm.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/dma-heap.h>
#include <linux/pci_regs.h>
#include <linux/udmabuf.h>
#include <linux/vfio.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define HUGE (2ul << 20)

static volatile uint32_t *map;
static size_t length;
static uint64_t offset;
static int fd = -1;
static pid_t child;
/* What has been unmapped is not touched again. */
static size_t hole_start, hole_end;

/* drm */
static uint32_t handle, pitch, width, height, framebuffer, crtc;
/* vfio */
static uint64_t config;

static bool failed(const char *what)
{
	printf("failed errno=%d at=%s\n", errno, what);
	return false;
}

/* === Mapping ============================================================= */

/* With the same offset in a huge page as the device has: page tables can then be huge. */
static bool map_it(void)
{
	char *room = mmap(NULL, length + HUGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	char *va = (char *)(((uintptr_t)room + HUGE - 1) & ~(HUGE - 1));

	if (length >= 1ul << 30) {
		munmap(room, length + HUGE);
		room = mmap(NULL, length + (1ul << 30), PROT_NONE,
			    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
		va = (char *)(((uintptr_t)room + (1ul << 30) - 1) & ~((1ul << 30) - 1));
	}
	if (room == MAP_FAILED)
		return failed("room");
	va = mmap(va, length, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, fd, offset);
	if (va == MAP_FAILED)
		return failed("mmap");
	map = (uint32_t *)va;
	hole_start = hole_end = 0;
	printf("mapped va=%p len=0x%zx pid=%d\n", va, length, (int)getpid());
	return true;
}

static uint32_t pattern(size_t i)
{
	return (uint32_t)i * 2654435761u + 0x5a5a;
}

static void fill(void)
{
	for (size_t i = 0; i < length / 4; i++)
		if (i * 4 < hole_start || i * 4 >= hole_end)
			map[i] = pattern(i);
	printf("ok filled\n");
}

/* The first word that differs, or length / 4. */
static size_t differs(void)
{
	size_t i;

	for (i = 0; i < length / 4; i++)
		if ((i * 4 < hole_start || i * 4 >= hole_end) && map[i] != pattern(i))
			break;
	return i;
}

static void check(void)
{
	size_t i = differs();

	if (i == length / 4)
		printf("ok checked\n");
	else
		printf("bad differs offset=0x%zx value=0x%x\n", i * 4, map[i]);
}

static void do_fork(void)
{
	int done[2];
	char byte = 0;

	if (pipe2(done, O_CLOEXEC)) {
		failed("pipe");
		return;
	}
	child = fork();
	if (!child) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		byte = differs() == length / 4 ? 'y' : 'n';
		munmap((void *)map, getpagesize());
		if (write(done[1], &byte, 1) != 1)
			_exit(1);
		for (;;)
			pause();
	}
	close(done[1]);
	if (child < 0 || read(done[0], &byte, 1) != 1)
		failed("fork");
	else
		printf("%s child=%d\n", byte == 'y' ? "ok forked" : "bad forked", (int)child);
	close(done[0]);
}

static void reap(void)
{
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
	printf("ok reaped\n");
}

static void cut(size_t start, size_t size)
{
	if (munmap((char *)map + start, size)) {
		failed("munmap");
		return;
	}
	hole_start = start;
	hole_end = start + size;
	printf("ok unmapped\n");
}

/* === A graphics card ===================================================== */

static bool open_drm(char **word)
{
	struct drm_mode_create_dumb create = { .bpp = 32 };
	struct drm_mode_map_dumb where = { 0 };

	fd = open(word[0], O_RDWR | O_CLOEXEC);
	if (fd < 0)
		return failed("open");
	create.width = width = strtoul(word[1], NULL, 0);
	create.height = height = strtoul(word[2], NULL, 0);
	if (ioctl(fd, DRM_IOCTL_MODE_CREATE_DUMB, &create))
		return failed("create_dumb");
	handle = where.handle = create.handle;
	pitch = create.pitch;
	length = create.size;
	if (ioctl(fd, DRM_IOCTL_MODE_MAP_DUMB, &where))
		return failed("map_dumb");
	offset = where.offset;
	return true;
}

static bool open_qxl(char **word)
{
	struct drm_qxl_alloc_surf create = { .format = 32 /* x8r8g8b8 */ };
	struct drm_qxl_map where = { 0 };

	fd = open(word[0], O_RDWR | O_CLOEXEC);
	if (fd < 0)
		return failed("open");
	create.width = strtoul(word[1], NULL, 0);
	create.height = strtoul(word[2], NULL, 0);
	create.stride = create.width * 4;
	if (ioctl(fd, DRM_IOCTL_QXL_ALLOC_SURF, &create))
		return failed("alloc_surf");
	where.handle = handle = create.handle;
	length = (size_t)create.stride * create.height;
	length = (length + getpagesize() - 1) & -getpagesize();
	if (ioctl(fd, DRM_IOCTL_QXL_MAP, &where))
		return failed("map");
	offset = where.offset;
	return true;
}

static bool find_connector(uint32_t *connector, struct drm_mode_modeinfo *mode)
{
	uint32_t crtcs[8] = { 0 }, connectors[8] = { 0 };
	struct drm_mode_card_res res = {
		.crtc_id_ptr = (uintptr_t)crtcs,
		.connector_id_ptr = (uintptr_t)connectors,
		.count_crtcs = 8,
		.count_connectors = 8,
	};
	struct drm_mode_modeinfo modes[64];
	struct drm_mode_get_connector get = {
		.modes_ptr = (uintptr_t)modes,
	};

	if (ioctl(fd, DRM_IOCTL_MODE_GETRESOURCES, &res) || !res.count_crtcs)
		return failed("getresources");
	crtc = crtcs[0];
	get.connector_id = connectors[0];
	/* Twice: the first call probes, and says how many there are. */
	if (ioctl(fd, DRM_IOCTL_MODE_GETCONNECTOR, &get))
		return failed("getconnector");
	get.count_modes = get.count_modes > 64 ? 64 : get.count_modes;
	get.count_props = get.count_encoders = 0;
	if (ioctl(fd, DRM_IOCTL_MODE_GETCONNECTOR, &get))
		return failed("getconnector");
	*connector = get.connector_id;
	for (uint32_t i = 0; i < get.count_modes && i < 64; i++) {
		*mode = modes[i];
		if (mode->hdisplay <= width && mode->vdisplay <= height)
			return true;
	}
	errno = ENOENT;
	return failed("mode");
}

static bool show(void)
{
	struct drm_mode_fb_cmd fb = {
		.width = width,
		.height = height,
		.pitch = pitch,
		.bpp = 32,
		.depth = 24,
		.handle = handle,
	};
	struct drm_mode_crtc set = { .count_connectors = 1, .mode_valid = 1 };
	uint32_t connector;

	if (!find_connector(&connector, &set.mode))
		return false;
	if (ioctl(fd, DRM_IOCTL_MODE_ADDFB, &fb))
		return failed("addfb");
	framebuffer = fb.fb_id;
	set.set_connectors_ptr = (uintptr_t)&connector;
	set.crtc_id = crtc;
	set.fb_id = framebuffer;
	if (ioctl(fd, DRM_IOCTL_MODE_SETCRTC, &set))
		return failed("setcrtc");
	printf("ok shown mode=%s\n", set.mode.name);
	return true;
}

static bool hide(void)
{
	struct drm_mode_crtc set = { .crtc_id = crtc };

	if (ioctl(fd, DRM_IOCTL_MODE_SETCRTC, &set))
		return failed("setcrtc");
	if (ioctl(fd, DRM_IOCTL_MODE_RMFB, &framebuffer))
		return failed("rmfb");
	printf("ok hidden\n");
	return true;
}

static void destroy(void)
{
	struct drm_mode_destroy_dumb gone = { .handle = handle };

	if (ioctl(fd, DRM_IOCTL_MODE_DESTROY_DUMB, &gone))
		failed("destroy_dumb");
	else
		printf("ok destroyed\n");
}

/* === VFIO ================================================================ */

static bool attach(int container, int group, bool iommu)
{
	struct vfio_group_status status = { .argsz = sizeof(status) };

	if (ioctl(group, VFIO_GROUP_GET_STATUS, &status))
		return failed("status");
	if (!(status.flags & VFIO_GROUP_FLAGS_VIABLE)) {
		errno = EBUSY;
		return failed("viable");
	}
	if (ioctl(group, VFIO_GROUP_SET_CONTAINER, &container))
		return failed("set_container");
	if (ioctl(container, VFIO_SET_IOMMU, iommu ? VFIO_TYPE1v2_IOMMU : VFIO_NOIOMMU_IOMMU))
		return failed("set_iommu");
	return true;
}

static bool open_vfio(char **word)
{
	struct vfio_region_info info = { .argsz = sizeof(info) };
	int container = open("/dev/vfio/vfio", O_RDWR | O_CLOEXEC);
	int group = open(word[0], O_RDWR | O_CLOEXEC);

	if (container < 0 || group < 0)
		return failed("open");
	if (!attach(container, group, !strstr(word[0], "noiommu")))
		return false;
	fd = ioctl(group, VFIO_GROUP_GET_DEVICE_FD, word[1]);
	if (fd < 0)
		return failed("get_device_fd");
	info.index = VFIO_PCI_CONFIG_REGION_INDEX;
	if (ioctl(fd, VFIO_DEVICE_GET_REGION_INFO, &info))
		return failed("config");
	config = info.offset;
	info.index = strtoul(word[2], NULL, 0);
	if (ioctl(fd, VFIO_DEVICE_GET_REGION_INFO, &info))
		return failed("region");
	offset = info.offset;
	length = word[3] ? strtoull(word[3], NULL, 0) : info.size;
	return true;
}

static void decode(bool on)
{
	uint16_t command;

	if (pread(fd, &command, 2, config + PCI_COMMAND) != 2) {
		failed("pread");
		return;
	}
	if (on)
		command |= PCI_COMMAND_MEMORY;
	else
		command &= ~PCI_COMMAND_MEMORY;
	if (pwrite(fd, &command, 2, config + PCI_COMMAND) != 2)
		failed("pwrite");
	else
		printf("ok %s\n", on ? "on" : "off");
}

/* === Orders ============================================================== */

static bool obey_range(const char *line)
{
	unsigned long start, size;
	char prot[3];

	if (sscanf(line, "munmap %li %li", (long *)&start, (long *)&size) == 2) {
		cut(start, size);
	} else if (sscanf(line, "mprotect %li %li %2s", (long *)&start, (long *)&size, prot) == 3) {
		if (mprotect((char *)map + start, size,
			     prot[1] ? PROT_READ | PROT_WRITE : PROT_READ))
			failed("mprotect");
		else
			printf("ok protected\n");
	} else if (sscanf(line, "peek %li", (long *)&start) == 1) {
		printf("ok value=0x%x\n", map[start / 4]);
	} else {
		return false;
	}
	return true;
}

static void obey(const char *line)
{
	static const struct {
		const char *name;
		void (*function)(void);
	} orders[] = {
		{ "fill", fill }, { "check", check },     { "fork", do_fork },
		{ "reap", reap }, { "destroy", destroy },
	};

	for (size_t i = 0; i < sizeof(orders) / sizeof(orders[0]); i++) {
		if (!strcmp(line, orders[i].name)) {
			orders[i].function();
			return;
		}
	}
	if (!strcmp(line, "show"))
		show();
	else if (!strcmp(line, "hide"))
		hide();
	else if (!strcmp(line, "on") || !strcmp(line, "off"))
		decode(line[1] == 'n');
	else if (!strcmp(line, "remap"))
		map_it();
	else if (!obey_range(line))
		printf("bad command %s\n", line);
}

/* The memory stays mapped, and has been touched. */
static bool open_udmabuf(char **argv)
{
	struct udmabuf_create create = { .memfd = memfd_create("udmabuf", MFD_ALLOW_SEALING) };
	int device = open("/dev/udmabuf", O_RDWR | O_CLOEXEC);
	void *memory;

	length = strtoul(argv[0], NULL, 0);
	if (device < 0 || (int)create.memfd < 0 || ftruncate(create.memfd, length))
		return failed("udmabuf");
	memory = mmap(NULL, length, PROT_READ | PROT_WRITE, MAP_SHARED, create.memfd, 0);
	if (memory == MAP_FAILED)
		return failed("memfd");
	memset(memory, 1, length);
	if (fcntl(create.memfd, F_ADD_SEALS, F_SEAL_SHRINK))
		return failed("seal");
	create.size = length;
	fd = ioctl(device, UDMABUF_CREATE, &create);
	return fd >= 0 || failed("UDMABUF_CREATE");
}

static bool open_heap(char **argv)
{
	struct dma_heap_allocation_data data = { .fd_flags = O_RDWR | O_CLOEXEC };
	char path[64];
	int device;

	length = data.len = strtoul(argv[1], NULL, 0);
	snprintf(path, sizeof(path), "/dev/dma_heap/%s", argv[0]);
	device = open(path, O_RDWR | O_CLOEXEC);
	if (device < 0 || ioctl(device, DMA_HEAP_IOCTL_ALLOC, &data))
		return failed(path);
	fd = data.fd;
	return true;
}

static bool open_it(int argc, char **argv)
{
	if (!strcmp(argv[1], "udmabuf"))
		return open_udmabuf(argv + 2);
	if (!strcmp(argv[1], "heap"))
		return open_heap(argv + 2);
	if (argc < 5)
		return failed("arguments");
	if (!strcmp(argv[1], "drm"))
		return open_drm(argv + 2);
	if (!strcmp(argv[1], "qxl"))
		return open_qxl(argv + 2);
	return open_vfio(argv + 2);
}

int main(int argc, char **argv)
{
	char line[256];

	setlinebuf(stdout);
	if (argc < 3) {
		fprintf(stderr, "usage: pfnclient drm|qxl CARD WIDTH HEIGHT\n"
				"       pfnclient vfio GROUP BDF REGION [LENGTH]\n"
				"       pfnclient udmabuf LENGTH\n"
				"       pfnclient heap NAME LENGTH\n");
		return 2;
	}
	if (!open_it(argc, argv) || !map_it())
		return 3;
	while (fgets(line, sizeof(line), stdin)) {
		line[strcspn(line, "\n")] = 0;
		obey(line);
	}
	return 0;
}
