// A stand-in for Packer's Proxmox plugin, for machines that cannot have the real one: it knows the options that
// the plugin's documentation lists, checks values as the plugin does, and builds nothing.
package main

import (
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"regexp"

	"github.com/hashicorp/hcl/v2/hcldec"
	"github.com/hashicorp/packer-plugin-sdk/common"
	"github.com/hashicorp/packer-plugin-sdk/communicator"
	"github.com/hashicorp/packer-plugin-sdk/multistep/commonsteps"
	"github.com/hashicorp/packer-plugin-sdk/packer"
	"github.com/hashicorp/packer-plugin-sdk/plugin"
	"github.com/hashicorp/packer-plugin-sdk/template/config"
	"github.com/hashicorp/packer-plugin-sdk/template/interpolate"
	"github.com/hashicorp/packer-plugin-sdk/version"
	"github.com/zclconf/go-cty/cty"
	ctyjson "github.com/zclconf/go-cty/cty/json"
)

//go:embed options.json
var listed []byte

type block struct {
	Many    bool
	Options map[string]string
}

type list struct {
	Options map[string]string
	Blocks  map[string]block
}

var types = map[string]cty.Type{
	"string":       cty.String,
	"number":       cty.Number,
	"bool":         cty.Bool,
	"list(string)": cty.List(cty.String),
	"map(string)":  cty.Map(cty.String),
}

type iso struct {
	Type        string            `mapstructure:"type"`
	File        string            `mapstructure:"iso_file"`
	URL         string            `mapstructure:"iso_url"`
	Checksum    string            `mapstructure:"iso_checksum"`
	StoragePool string            `mapstructure:"iso_storage_pool"`
	CDFiles     []string          `mapstructure:"cd_files"`
	CDContent   map[string]string `mapstructure:"cd_content"`
	Others      map[string]any    `mapstructure:",remain"`
}

type disk struct {
	Type        string         `mapstructure:"type"`
	StoragePool string         `mapstructure:"storage_pool"`
	IOThread    bool           `mapstructure:"io_thread"`
	Others      map[string]any `mapstructure:",remain"`
}

type settings struct {
	common.PackerConfig    `mapstructure:",squash"`
	commonsteps.HTTPConfig `mapstructure:",squash"`
	communicator.Config    `mapstructure:",squash"`

	URL          string           `mapstructure:"proxmox_url"`
	Username     string           `mapstructure:"username"`
	Token        string           `mapstructure:"token"`
	Node         string           `mapstructure:"node"`
	VMID         int              `mapstructure:"vm_id"`
	VMName       string           `mapstructure:"vm_name"`
	TemplateName string           `mapstructure:"template_name"`
	Controller   string           `mapstructure:"scsi_controller"`
	Serials      []string         `mapstructure:"serials"`
	Disks        []disk           `mapstructure:"disks"`
	Adapters     []map[string]any `mapstructure:"network_adapters"`
	BootISO      iso              `mapstructure:"boot_iso"`
	ISOs         []iso            `mapstructure:"additional_iso_files"`
	Others       map[string]any   `mapstructure:",remain"`
}

type builder struct {
	settings settings
}

func (b *builder) ConfigSpec() hcldec.ObjectSpec {
	var all list
	if err := json.Unmarshal(listed, &all); err != nil {
		panic(err)
	}
	spec := attributes(all.Options)
	for name, one := range all.Blocks {
		nested := attributes(one.Options)
		if one.Many {
			spec[name] = &hcldec.BlockListSpec{TypeName: name, Nested: nested}
		} else {
			spec[name] = &hcldec.BlockSpec{TypeName: name, Nested: nested}
		}
	}
	return spec
}

func attributes(options map[string]string) hcldec.ObjectSpec {
	spec := hcldec.ObjectSpec{}
	for name, kind := range options {
		spec[name] = &hcldec.AttrSpec{Name: name, Type: types[kind]}
	}
	return spec
}

func (b *builder) Prepare(raws ...any) ([]string, []string, error) {
	filter := interpolate.RenderFilter{Exclude: []string{"boot_command"}}
	options := config.DecodeOpts{Interpolate: true, InterpolateFilter: &filter}
	given, err := plain(raws)
	if err != nil {
		return nil, nil, err
	}
	if err := config.Decode(&b.settings, &options, given...); err != nil {
		return nil, nil, err
	}
	s := &b.settings
	var found *packer.MultiError
	found = packer.MultiErrorAppend(found, s.Config.Prepare(&interpolate.Context{})...)
	found = packer.MultiErrorAppend(found, s.HTTPConfig.Prepare(&interpolate.Context{})...)
	found = packer.MultiErrorAppend(found, s.problems()...)
	if found != nil && len(found.Errors) > 0 {
		return nil, nil, found
	}
	return nil, nil, nil
}

// plain makes maps of the values that Packer hands over.
func plain(raws []any) ([]any, error) {
	given := []any{}
	for _, raw := range raws {
		value, ok := raw.(cty.Value)
		if !ok {
			given = append(given, raw)
			continue
		}
		text, err := ctyjson.Marshal(value, value.Type())
		if err != nil {
			return nil, err
		}
		var fields map[string]any
		if err := json.Unmarshal(text, &fields); err != nil {
			return nil, err
		}
		given = append(given, fields)
	}
	return given, nil
}

var dnsName = regexp.MustCompile(`^([a-zA-Z0-9]([a-zA-Z0-9-]*[a-zA-Z0-9])?\.)*[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?$`)
var serial = regexp.MustCompile(`^(/dev/.+|socket)$`)

func (s *settings) problems() (found []error) {
	say := func(wrong bool, format string, values ...any) {
		if wrong {
			found = append(found, fmt.Errorf(format, values...))
		}
	}
	say(s.URL == "" || s.Username == "" || s.Token == "" || s.Node == "", "proxmox_url, username, token or node is missing")
	say(s.VMID != 0 && (s.VMID < 100 || s.VMID > 999999999), "vm_id must be in range 100-999999999")
	say(!dnsName.MatchString(s.VMName), "vm_name must be a valid DNS name")
	say(!dnsName.MatchString(s.TemplateName), "template_name must be a valid DNS name")
	for _, one := range s.Serials {
		say(!serial.MatchString(one), "serials: %q", one)
	}
	for number, one := range s.Disks {
		say(one.StoragePool == "", "disks[%d].storage_pool must be specified", number)
		say(one.IOThread && s.Controller != "virtio-scsi-single", "io_thread requires virtio-scsi-single")
	}
	for number, one := range s.Adapters {
		say(one["bridge"] == nil, "network_adapters[%d].bridge must be specified", number)
	}
	for _, one := range append([]iso{s.BootISO}, s.ISOs...) {
		ways := 0
		for _, given := range []bool{one.File != "", one.URL != "", len(one.CDFiles)+len(one.CDContent) > 0} {
			if given {
				ways++
			}
		}
		say(ways != 1, "an ISO needs one of iso_file, iso_url, or cd_files with cd_content")
		say(one.URL != "" && one.Checksum == "", "iso_checksum must be specified")
		say(one.File == "" && one.StoragePool == "", "iso_storage_pool must be specified")
	}
	return found
}

func (b *builder) Run(context.Context, packer.Ui, packer.Hook) (packer.Artifact, error) {
	return nil, errors.New("this is a stand-in for the Proxmox plugin, and builds nothing")
}

func main() {
	set := plugin.NewSet()
	set.RegisterBuilder("iso", new(builder))
	set.SetVersion(version.InitializePluginVersion("1.2.3", ""))
	if err := set.Run(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
