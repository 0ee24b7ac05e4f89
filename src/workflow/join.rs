//! Joins parameters to earlier outputs, and collects the workflow's own parameters.

use std::collections::BTreeSet;

use super::names::{Names, folded};
use super::{Engine, Operator, Origin, Remark, Route, Step, Workflow, WorkflowOutput};
use crate::backend::parameter::{LOG_LEVEL, Parameter};
use crate::identifier;

/// Joins operators in order, with remarks on what could not be joined.
#[must_use]
pub fn join(operators: &[Operator], engine: Engine) -> (Workflow<'_>, Vec<Remark>) {
    let mut joining = Joining { engine, names: Names::default(), inputs: Vec::new(), remarks: Vec::new() };
    let ids: Vec<_> = operators.iter().map(|operator| joining.step_id(operator)).collect();
    let mut steps: Vec<Step> = Vec::new();
    for (operator, id) in operators.iter().zip(ids) {
        let sources = operator.parameters.iter();
        let sources = sources
            .map(|parameter| (parameter, joining.origin(parameter, (&id, operator), &steps)))
            .collect();
        steps.push(Step { id, operator, sources });
    }
    let outputs = joining.outputs(&steps);
    joining.remark_on_order(&steps);
    joining.inputs.sort_by_key(|(name, _)| name == LOG_LEVEL); // which is of the least interest, last
    let inputs = joining.inputs.into_iter().map(|(_, input)| input).collect();
    (Workflow { inputs, steps, outputs }, joining.remarks)
}

/// A workflow under construction.
struct Joining {
    engine: Engine,
    names: Names,
    /// The workflow's parameters, each with its name in the operators.
    inputs: Vec<(String, Parameter)>,
    remarks: Vec<Remark>,
}

impl Joining {
    fn step_id(&mut self, operator: &Operator) -> String {
        let stem = identifier::fold(&operator.stem);
        let id = self.names.take(&stem, &stem);
        for suffix in ["op", "all"] {
            let name = format!("{id}_{suffix}"); // the pipeline's program has names of its own for each step
            self.names.take(&name, &name);
        }
        id
    }

    /// The origin of a step's parameter.
    fn origin<'a>(
        &mut self,
        parameter: &Parameter,
        (step, reader): (&str, &Operator),
        earlier: &[Step<'a>],
    ) -> Origin<'a> {
        let at = earlier.len();
        self.result(parameter, (step, reader), earlier)
            .or_else(|| self.unset(parameter, step, at))
            .unwrap_or_else(|| {
                let input = self.share(parameter, step, at);
                Origin::Input(input)
            })
    }

    /// The latest output of that name that the engine can pass to the parameter.
    fn result<'a>(
        &mut self,
        parameter: &Parameter,
        (step, reader): (&str, &Operator),
        earlier: &[Step<'a>],
    ) -> Option<Origin<'a>> {
        let mut refused = None;
        for (at, other) in earlier.iter().enumerate().rev() {
            let outcomes = other.operator.outcomes.iter();
            for outcome in outcomes.filter(|outcome| outcome.output.name == parameter.input.name) {
                let route = self.engine.route(&outcome.output.kind, &parameter.input.kind);
                if route == Some(Route::File) && !self.shares_claim(other.operator, reader) {
                    self.remarks.push(Remark::no_claim((at, &other.id, outcome), step));
                    return None;
                }
                if let Some(route) = route {
                    return Some(Origin::Output { step: other.id.clone(), outcome, route });
                }
                refused = refused.or(Some((at, other.id.as_str(), outcome)));
            }
        }
        let remark = match refused {
            Some(refused) => Remark::misfit(self.engine, refused, (earlier.len(), step, parameter)),
            None => near_miss(parameter, step, earlier)?,
        };
        self.remarks.push(remark);
        None
    }

    /// Whether the pods of two operators share files, as far as known; most engines carry them.
    fn shares_claim(&self, writer: &Operator, reader: &Operator) -> bool {
        let (Engine::Airflow, Some(written), Some(read)) = (self.engine, &writer.claims, &reader.claims)
        else {
            return true;
        };
        written.iter().any(|claim| read.contains(claim))
    }

    /// Parameters that a workflow leaves unset: secrets that operators find by themselves, and optional
    /// files.
    fn unset<'a>(&mut self, parameter: &Parameter, step: &str, at: usize) -> Option<Origin<'a>> {
        if !self.engine.has_surroundings() {
            return None;
        }
        let keyword = folded(&parameter.id);
        let is_keyword = keyword.starts_with(|first: char| first.is_ascii_lowercase());
        let no_keyword = self.engine == Engine::Kubeflow && (!is_keyword || !identifier::is_plain(&keyword));
        let open_file =
            parameter.input.kind.is_path() && parameter.optional() && !self.engine.leaves_files_out();
        if no_keyword || open_file {
            let (why, hint) = if open_file {
                ("it has no files that may be missing", "read it without a default, so that it is required")
            } else {
                (
                    "it can't be called so",
                    "rename the variable so that it begins with a letter and is not a word of Python's own",
                )
            };
            let message = format!("input `{}` of `{step}` is left out of the workflow: {why}", parameter.id);
            self.remarks.push(Remark::new(at, message, hint).at(&parameter.input.span));
        }
        (parameter.input.secret || no_keyword || open_file).then_some(Origin::Unset)
    }

    /// The workflow's parameter for a step's, shared by steps that mean the same.
    fn share(&mut self, parameter: &Parameter, step: &str, at: usize) -> String {
        let mut same_name = self.inputs.iter_mut().filter(|(name, _)| *name == parameter.id).peekable();
        let is_taken = same_name.peek().is_some();
        if let Some((_, input)) = same_name.find(|(_, input)| is_compatible(input, parameter)) {
            merge(input, parameter);
            return input.id.clone();
        }
        let plain = identifier::fold(&parameter.id);
        // kfp drops an underscore at the beginning, and a digit can't follow.
        let of_step = if step.starts_with('_') { format!("step{step}") } else { step.to_owned() };
        let id = self.names.take(&plain, &format!("{of_step}_{plain}"));
        if is_taken {
            let message = format!(
                "input `{}` of `{step}` has another type or default than that of an earlier step: it is `{id}`",
                parameter.id
            );
            let hint = "give both the same type and default if they mean the same";
            self.remarks.push(Remark::new(at, message, hint).at(&parameter.input.span));
        }
        self.inputs
            .push((parameter.id.clone(), Parameter { id: id.clone(), input: parameter.input.clone() }));
        id
    }

    /// The outputs that no later step takes.
    fn outputs<'a>(&mut self, steps: &[Step<'a>]) -> Vec<WorkflowOutput<'a>> {
        let origins = steps.iter().flat_map(|step| &step.sources);
        let taken: BTreeSet<_> = origins
            .filter_map(|(_, origin)| match origin {
                Origin::Output { step, outcome, .. } => Some((step.as_str(), outcome.id.as_str())),
                _ => None,
            })
            .collect();
        let mut outputs = Vec::new();
        for step in steps {
            let outcomes = step.operator.outcomes.iter();
            for outcome in
                outcomes.filter(|outcome| !taken.contains(&(step.id.as_str(), outcome.id.as_str())))
            {
                let id = self.names.take(&outcome.id, &format!("{}_{}", step.id, outcome.id));
                outputs.push(WorkflowOutput { id, step: step.id.clone(), outcome });
            }
        }
        outputs
    }

    /// Remarks that CWL orders steps only by data.
    fn remark_on_order(&mut self, steps: &[Step]) {
        let free = steps.iter().enumerate().skip(1);
        let free = free.filter(|(_, step)| !self.engine.has_surroundings() && !step.is_joined());
        let remark = |(at, step): (usize, &Step)| {
            let message = format!("`{}` takes nothing of an earlier step: CWL doesn't make it wait", step.id);
            Remark::new(at, message, "let it read an output of the step that it has to wait for")
        };
        self.remarks.extend(free.map(remark));
    }
}

/// Minimum similarity of a misspelt name.
const ALIKE: f64 = 0.9;

/// The remark on a required input whose name resembles an earlier output's.
fn near_miss(parameter: &Parameter, step: &str, earlier: &[Step]) -> Option<Remark> {
    let name = &parameter.input.name;
    let outcomes = earlier.iter().flat_map(|other| {
        let outcomes = other.operator.outcomes.iter();
        outcomes.map(|outcome| (other.id.as_str(), outcome.output.name.as_str()))
    });
    let likeness = |other: &str| strsim::jaro_winkler(&folded(name), &folded(other));
    let near = outcomes.map(|(other, output)| (likeness(output), other, output));
    let near = near.filter(|(likeness, ..)| parameter.input.required && *likeness > ALIKE);
    let (_, other, output) = near.max_by(|(one, ..), (other, ..)| one.total_cmp(other))?;
    let message = format!("input `{name}` of `{step}` is not joined with output `{output}` of `{other}`");
    let hint = format!("if they mean the same, give both one name: `{output}`");
    Some(Remark::new(earlier.len(), message, hint).at(&parameter.input.span))
}

/// Whether two steps can share a parameter; a required one overrides any default.
fn is_compatible(one: &Parameter, other: &Parameter) -> bool {
    let (one, other) = (&one.input, &other.input);
    one.kind == other.kind
        && one.secret == other.secret
        && (one.required || other.required || one.default == other.default)
}

fn merge(input: &mut Parameter, other: &Parameter) {
    let input = &mut input.input;
    if other.input.required {
        input.required = true;
    }
    if input.required {
        input.default = None;
    }
    if input.description.is_none() {
        input.description.clone_from(&other.input.description);
    }
}
