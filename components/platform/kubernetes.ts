import * as kubecore from "@pulumi/kubernetes/core/v1";
import * as networking from "@pulumi/kubernetes/networking/v1";
import * as policies from "@pulumi/kubernetes/policy/v1";
import { Provider } from "@pulumi/kubernetes/provider";
import * as rbac from "@pulumi/kubernetes/rbac/v1";
import * as pulumi from "@pulumi/pulumi";

import type { Settings } from "../settings/settings";
import {
  agentsNamespace,
  isAgent,
  metadataOf,
  namespaceOf,
  replicasOf,
  selectorOf,
  stackLabelsOf,
  targetOf,
  type Target,
} from "./kubernetes-names";
import { podTemplate } from "./kubernetes-pod";
import { defaultPolicy, policy } from "./kubernetes-policies";
import { refuseUnknownPeers, refuseUnsupported } from "./kubernetes-refusals";
import { createRunner, runner } from "./kubernetes-runner";
import { address, aliases, aliasService, ingress, replicaService, service } from "./kubernetes-services";
import { fileData, keptData, sharedClaim, type FileSource } from "./kubernetes-volumes";
import type { Deployed, DeployOptions, Platform } from "./platform";
import type { Workload } from "./workload";

/** Runs workloads on a cluster, in a namespace for programs and another one for agents that see their machine. */
export class KubernetesPlatform extends pulumi.ComponentResource implements Platform {
  readonly servicesNetwork: pulumi.Output<string>;

  readonly #name: string;
  readonly #target: Target;
  readonly #workloads: readonly Workload[];
  readonly #provider: Provider;
  readonly #namespaces = new Map<string, kubecore.Namespace>();
  readonly #deployed = new Map<string, pulumi.CustomResource>();

  /** @param workloads every workload that will be deployed: policies follow from who talks to whom. */
  constructor(
    name: string,
    settings: Settings,
    workloads: readonly Workload[],
    opts?: pulumi.ComponentResourceOptions,
  ) {
    super("pyairtable:platform:KubernetesPlatform", name, {}, opts);
    refuseUnknownPeers(workloads);
    this.#name = name;
    this.#target = targetOf(settings);
    this.#workloads = workloads;
    const { kubeconfig, context, namespace, servicesNamespace } = this.#target.cluster;
    // Without a provider of its own the program would go to whichever cluster `kubectl` was last pointed at. An empty text stands
    // for kubectl's own rules: without it the SDK would put this machine's KUBECONFIG into the state, where no other finds it.
    this.#provider = new Provider(
      `${name}-cluster`,
      { kubeconfig: kubeconfig ?? "", ...(context === undefined ? {} : { context }) },
      { parent: this },
    );
    this.#namespace("programs", namespace, "restricted");
    if (workloads.some(isAgent)) this.#namespace("agents", agentsNamespace(this.#target), "privileged");
    this.#crossings();
    this.servicesNetwork = pulumi.output(servicesNamespace);
    this.registerOutputs({ servicesNetwork: this.servicesNetwork });
  }

  deploy(name: string, workload: Workload, { parent, transform }: DeployOptions): Deployed {
    refuseUnsupported(workload);
    const target = this.#target;
    const namespace = namespaceOf(target, workload);
    const options = this.#options(namespace, parent);
    const before = [
      ...this.#before(workload),
      ...this.#access(name, workload, options),
      ...this.#policy(name, workload, options),
    ];
    const template = podTemplate(target, workload, this.#files(name, workload, options));
    const { kind, args } = runner(target, workload, template);
    const resource = createRunner(
      name,
      { kind, args: transform ? transform({ ...args }) : args },
      pulumi.mergeOptions(options, { dependsOn: before }),
    );
    this.#deployed.set(workload.name, resource);
    this.#services(name, workload, options);
    this.#sharedClaims(name, workload, options);
    return {
      name: workload.name,
      resource,
      handle: `${namespace}/${kind}/${workload.name}`,
      image: workload.image.reference,
      urls: Object.fromEntries(workload.ports.map((port) => [port.name, address(target, workload, port)])),
      healthSeenBy: "platform",
      data: keptData(target, namespace, workload),
    };
  }

  #options(namespace: string, parent: pulumi.Resource): pulumi.CustomResourceOptions {
    const created = this.#namespaces.get(namespace);
    if (created === undefined) throw new Error(`no workload given to ${this.#name} needs the namespace ${namespace}`);
    return { parent, provider: this.#provider, dependsOn: [created] };
  }

  /** The claims of programs live in their namespace and go with it, so it stays when the stack goes. */
  #namespace(role: string, namespace: string, security: "restricted" | "privileged"): void {
    const modes = ["audit", "enforce", "warn"];
    const labels = {
      ...stackLabelsOf(this.#target),
      ...Object.fromEntries(modes.map((mode) => [`pod-security.kubernetes.io/${mode}`, security])),
    };
    const created = new kubecore.Namespace(
      `${this.#name}-${role}`,
      { metadata: { name: namespace, labels } },
      {
        parent: this,
        provider: this.#provider,
        retainOnDelete: true,
        protect: this.#target.settings.protectData,
      },
    );
    this.#namespaces.set(namespace, created);
    const rule = defaultPolicy(this.#target, namespace);
    new networking.NetworkPolicy(`${this.#name}-${role}-default`, rule, this.#options(namespace, this));
  }

  /** What leads from one namespace into the other, and from outside into the stack. */
  #crossings(): void {
    for (const alias of aliases(this.#target, this.#workloads)) {
      const options = this.#options(alias.namespace, this);
      new kubecore.Service(`${this.#name}-alias-${alias.server.name}`, aliasService(this.#target, alias), options);
    }
    const entry = ingress(this.#target, this.#workloads);
    if (entry === undefined) return;
    new networking.Ingress(`${this.#name}-ingress`, entry, this.#options(this.#target.cluster.namespace, this));
  }

  #before({ name, after = [] }: Workload): pulumi.CustomResource[] {
    return after.map((earlier) => {
      const resource = this.#deployed.get(earlier);
      if (resource === undefined) throw new Error(`${name} comes after "${earlier}", which is not deployed before it`);
      return resource;
    });
  }

  /** Files go into objects whose names the engine makes up: a change makes a new one, and pods that mount that. */
  #files(name: string, workload: Workload, options: pulumi.CustomResourceOptions): FileSource[] {
    const entries = workload.files?.entries ?? [];
    const plain = entries.filter(({ secret }) => !secret);
    const secret = entries.filter((entry) => entry.secret);
    const { namespace, labels } = metadataOf(this.#target, workload);
    const metadata = { namespace, labels };
    const sources: FileSource[] = [];
    if (plain.length > 0) {
      const args = { metadata, data: fileData(plain), immutable: true };
      const { name: given } = new kubecore.ConfigMap(`${name}-files`, args, options).metadata;
      sources.push({ kind: "configMap", name: given, files: plain });
    }
    if (secret.length > 0) {
      const args = { metadata, stringData: pulumi.secret(fileData(secret)), immutable: true };
      const { name: given } = new kubecore.Secret(`${name}-secrets`, args, options).metadata;
      sources.push({ kind: "secret", name: given, files: secret });
    }
    return sources;
  }

  /** An account of its own only where the program reads the cluster's API. Rules hold for the whole cluster. */
  #access(name: string, workload: Workload, options: pulumi.CustomResourceOptions): pulumi.CustomResource[] {
    const { clusterAccess = [] } = workload;
    if (clusterAccess.length === 0) return [];
    const metadata = metadataOf(this.#target, workload);
    const { namespace, labels } = metadata;
    const clusterWide = { name: `${namespace}-${workload.name}`, labels };
    const account = new kubecore.ServiceAccount(
      `${name}-account`,
      { metadata, automountServiceAccountToken: false },
      options,
    );
    const rules = clusterAccess.map(({ apiGroups, resources, verbs }) => ({
      apiGroups: [...apiGroups],
      resources: [...resources],
      verbs: [...verbs],
    }));
    const role = new rbac.ClusterRole(`${name}-role`, { metadata: clusterWide, rules }, options);
    const binding = new rbac.ClusterRoleBinding(
      `${name}-role-binding`,
      {
        metadata: clusterWide,
        roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: clusterWide.name },
        subjects: [{ kind: "ServiceAccount", name: workload.name, namespace }],
      },
      options,
    );
    return [account, role, binding];
  }

  /** There before the program, whose first connection would be refused otherwise. */
  #policy(name: string, workload: Workload, options: pulumi.CustomResourceOptions): pulumi.CustomResource[] {
    const rules = policy(this.#target, workload, this.#workloads);
    return rules === undefined ? [] : [new networking.NetworkPolicy(`${name}-network`, rules, options)];
  }

  /** They stay when the stack goes, as those of a StatefulSet do. */
  #sharedClaims(name: string, workload: Workload, options: pulumi.CustomResourceOptions): void {
    const kept = { retainOnDelete: true, protect: this.#target.settings.protectData };
    for (const volume of workload.data ?? []) {
      if (volume.shared === undefined) continue;
      const claim = sharedClaim(this.#target, namespaceOf(this.#target, workload), workload.name, volume);
      new kubecore.PersistentVolumeClaim(`${name}-${volume.name}`, claim, { ...options, ...kept });
    }
  }

  /** No program depends on these: the names that they give are plain text. */
  #services(name: string, workload: Workload, options: pulumi.CustomResourceOptions): void {
    const target = this.#target;
    const several = replicasOf(workload) > 1;
    if (workload.ports.length > 0) new kubecore.Service(`${name}-service`, service(target, workload), options);
    if (several && workload.data?.length) {
      new kubecore.Service(`${name}-replicas`, replicaService(target, workload), options);
    }
    if (several) new policies.PodDisruptionBudget(`${name}-disruption`, this.#disruption(workload), options);
  }

  #disruption(workload: Workload) {
    const selector = { matchLabels: selectorOf(this.#target, workload.name) };
    return { metadata: metadataOf(this.#target, workload), spec: { maxUnavailable: 1, selector } };
  }
}
