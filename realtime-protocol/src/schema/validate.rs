//! Rules of validation, applied to a value: the same answer on both sides.

use serde_json::Value;

use super::{Field, Rule, Shape, Ty, TypeDef, Variant, VariantFields};

/// A rule that a value breaks: what `rt/invalid` says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Broken {
    /// Where: `choices[2].label`.
    pub path: String,
    /// Which: `length`, `range`, `type`, `arguments`, `required`, `column`.
    pub rule: &'static str,
    /// What to do about it.
    pub message: String,
}

/// Finds a named type.
pub trait TypeSource {
    /// Returns the type of this name.
    fn type_def(&self, name: &str) -> Option<&TypeDef>;
}

impl TypeSource for super::Schema {
    fn type_def(&self, name: &str) -> Option<&TypeDef> {
        Self::type_def(self, name)
    }
}

impl TypeSource for [TypeDef] {
    fn type_def(&self, name: &str) -> Option<&TypeDef> {
        self.iter().find(|def| def.name == name)
    }
}

/// Checks the rules of `field`, and of every field inside it, against `value`, whose type is right already.
///
/// # Errors
///
/// The first rule that is broken, in the order of declaration.
pub fn validate<T: TypeSource + ?Sized>(types: &T, field: &Field, value: &Value) -> Result<(), Broken> {
    check_field(types, field, value, &field.name)
}

/// Tells whether a value of this field can break any rule.
#[must_use]
pub fn has_rules<T: TypeSource + ?Sized>(types: &T, field: &Field) -> bool {
    !field.rules.is_empty() || ty_has_rules(types, &field.ty, &mut Vec::new())
}

fn check_field<T: TypeSource + ?Sized>(
    types: &T,
    field: &Field,
    value: &Value,
    path: &str,
) -> Result<(), Broken> {
    if value.is_null() {
        return Ok(());
    }
    for rule in &field.rules {
        check_rule(rule, value, path)?;
    }
    check_inside(types, &field.ty, value, path)
}

fn check_rule(rule: &Rule, value: &Value, path: &str) -> Result<(), Broken> {
    let broken = |rule, message| Err(Broken { path: path.to_owned(), rule, message });
    match rule {
        Rule::Length { min, max } => {
            // A value of another type is told so by who decodes it.
            let Some((length, unit)) = length(value) else { return Ok(()) };
            match (min, max) {
                (Some(min), _) if length < *min => {
                    broken("length", format!("at least {}", count(*min, unit)))
                }
                (_, Some(max)) if length > *max => broken("length", format!("at most {}", count(*max, unit))),
                _ => Ok(()),
            }
        }
        Rule::Range { min, max } => match (value.as_f64(), min, max) {
            (Some(number), Some(min), _) if number < *min => broken("range", format!("at least {min}")),
            (Some(number), _, Some(max)) if number > *max => broken("range", format!("at most {max}")),
            _ => Ok(()),
        },
    }
}

/// Characters are Unicode scalar values, as in JSON Schema's `maxLength` (RFC 8259 strings).
fn length(value: &Value) -> Option<(u64, &'static str)> {
    match value {
        Value::String(text) => Some((text.chars().count() as u64, "character")),
        Value::Array(items) => Some((items.len() as u64, "item")),
        Value::Object(entries) => Some((entries.len() as u64, "entry")),
        _ => None,
    }
}

/// `1 item`, `2 items`, `2 entries`.
fn count(n: u64, unit: &str) -> String {
    match (n, unit.strip_suffix('y')) {
        (1, _) => format!("1 {unit}"),
        (_, Some(stem)) => format!("{n} {stem}ies"),
        (_, None) => format!("{n} {unit}s"),
    }
}

fn check_inside<T: TypeSource + ?Sized>(types: &T, ty: &Ty, value: &Value, path: &str) -> Result<(), Broken> {
    match (ty, value) {
        (Ty::Option(of), _) => check_inside(types, of, value, path),
        (Ty::Vec(of) | Ty::Array(of, _) | Ty::BTreeSet(of), Value::Array(items)) => items
            .iter()
            .enumerate()
            .try_for_each(|(i, item)| check_inside(types, of, item, &format!("{path}[{i}]"))),
        (Ty::Tuple(of), Value::Array(items)) => of
            .iter()
            .zip(items)
            .enumerate()
            .try_for_each(|(i, (of, item))| check_inside(types, of, item, &format!("{path}[{i}]"))),
        (Ty::BTreeMap(_, of) | Ty::HashMap(_, of), Value::Object(entries)) => {
            entries.iter().try_for_each(|(key, item)| check_inside(types, of, item, &format!("{path}.{key}")))
        }
        (Ty::Named(name), _) => match types.type_def(name) {
            Some(def) => check_shape(types, &def.shape, value, path),
            None => Ok(()),
        },
        _ => Ok(()),
    }
}

fn check_shape<T: TypeSource + ?Sized>(
    types: &T,
    shape: &Shape,
    value: &Value,
    path: &str,
) -> Result<(), Broken> {
    match shape {
        Shape::Struct(fields) => check_fields(types, fields, value, path),
        Shape::Newtype(of) => check_inside(types, of, value, path),
        Shape::Enum(variants) => {
            let Some((name, inner)) = value.as_object().and_then(|o| o.iter().next()) else { return Ok(()) };
            check_variant(types, variants, name, inner, &format!("{path}.{name}"))
        }
        Shape::TaggedEnum(tag, variants) => {
            is_object(value, path)?;
            let Some(name) = value.get(tag).and_then(Value::as_str) else { return Ok(()) };
            check_variant(types, variants, name, value, path)
        }
        Shape::Error(_) => Ok(()),
    }
}

fn check_variant<T: TypeSource + ?Sized>(
    types: &T,
    variants: &[Variant],
    name: &str,
    value: &Value,
    path: &str,
) -> Result<(), Broken> {
    match variants.iter().find(|v| v.name == name).map(|v| &v.fields) {
        Some(VariantFields::Newtype(of)) => check_inside(types, of, value, path),
        Some(VariantFields::Tuple(of)) => check_inside(types, &Ty::Tuple(of.clone()), value, path),
        Some(VariantFields::Struct(fields)) => check_fields(types, fields, value, path),
        _ => Ok(()),
    }
}

fn check_fields<T: TypeSource + ?Sized>(
    types: &T,
    fields: &[Field],
    value: &Value,
    path: &str,
) -> Result<(), Broken> {
    is_object(value, path)?;
    fields.iter().try_for_each(|field| match value.get(&field.name) {
        Some(inner) => check_field(types, field, inner, &format!("{path}.{}", field.name)),
        None => Ok(()),
    })
}

/// serde reads a struct from a list too, in which no rule would find its field: only an object is one.
fn is_object(value: &Value, path: &str) -> Result<(), Broken> {
    if value.is_object() || value.is_null() {
        return Ok(());
    }
    Err(Broken { path: path.to_owned(), rule: "type", message: "an object with named fields".into() })
}

fn ty_has_rules<T: TypeSource + ?Sized>(types: &T, ty: &Ty, met: &mut Vec<String>) -> bool {
    match ty {
        Ty::Option(of) | Ty::Vec(of) | Ty::Array(of, _) | Ty::BTreeSet(of) => ty_has_rules(types, of, met),
        Ty::BTreeMap(_, of) | Ty::HashMap(_, of) => ty_has_rules(types, of, met),
        Ty::Tuple(of) => of.iter().any(|ty| ty_has_rules(types, ty, met)),
        Ty::Named(name) if !met.contains(name) => {
            met.push(name.clone());
            types.type_def(name).is_some_and(|def| shape_has_rules(types, &def.shape, met))
        }
        _ => false,
    }
}

fn shape_has_rules<T: TypeSource + ?Sized>(types: &T, shape: &Shape, met: &mut Vec<String>) -> bool {
    let mut any =
        |fields: &[Field]| fields.iter().any(|f| !f.rules.is_empty() || ty_has_rules(types, &f.ty, met));
    match shape {
        Shape::Struct(fields) => any(fields),
        Shape::Newtype(of) => ty_has_rules(types, of, met),
        Shape::Enum(variants) | Shape::TaggedEnum(_, variants) => variants.iter().any(|v| match &v.fields {
            VariantFields::Unit => false,
            VariantFields::Newtype(of) => ty_has_rules(types, of, met),
            VariantFields::Tuple(of) => of.iter().any(|ty| ty_has_rules(types, ty, met)),
            VariantFields::Struct(fields) => {
                fields.iter().any(|f| !f.rules.is_empty() || ty_has_rules(types, &f.ty, met))
            }
        }),
        Shape::Error(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn field(name: &str, ty: Ty, rules: Vec<Rule>) -> Field {
        Field {
            number: 0,
            rust: name.into(),
            name: name.into(),
            ty,
            doc: String::new(),
            optional: false,
            rules,
        }
    }

    #[test]
    fn a_broken_rule_inside_a_list_is_named_by_its_path() {
        let label = field("label", Ty::String, vec![Rule::Length { min: Some(1), max: Some(3) }]);
        let choice = TypeDef {
            name: "Choice".into(),
            doc: String::new(),
            shape: Shape::Struct(vec![label]),
            copy: false,
        };
        let types = [choice];
        let choices = field(
            "choices",
            Ty::Vec(Box::new(Ty::Named("Choice".into()))),
            vec![Rule::Length { min: None, max: Some(2) }],
        );
        assert!(has_rules(&types[..], &choices));
        let check = |value| validate(&types[..], &choices, &value).map_err(|b| (b.path, b.rule, b.message));
        assert_eq!(check(json!([{"label": "ß€𝄞"}])), Ok(()));
        let long = ("choices[1].label".into(), "length", "at most 3 characters".into());
        assert_eq!(check(json!([{"label": "a"}, {"label": "four"}])), Err(long));
        let many = ("choices".into(), "length", "at most 2 items".into());
        assert_eq!(check(json!([{"label": "a"}, {"label": "b"}, {"label": "c"}])), Err(many));
    }

    #[test]
    fn a_struct_that_comes_as_a_list_does_not_pass_by_its_fields_rules() {
        let label = || field("label", Ty::String, vec![Rule::Length { min: Some(1), max: None }]);
        let variant = || Variant {
            rust: "Named".into(),
            name: "Named".into(),
            doc: String::new(),
            fields: VariantFields::Struct(vec![label()]),
        };
        let shapes = [
            (Shape::Struct(vec![label()]), json!([""]), json!({"label": "a"})),
            (Shape::Enum(vec![variant()]), json!({"Named": [""]}), json!({"Named": {"label": "a"}})),
            (
                Shape::TaggedEnum("kind".into(), vec![variant()]),
                json!(["Named", ""]),
                json!({"kind": "Named", "label": "a"}),
            ),
        ];
        for (shape, list, object) in shapes {
            let types = [TypeDef { name: "Choice".into(), doc: String::new(), shape, copy: false }];
            let choice = field("choice", Ty::Named("Choice".into()), vec![]);
            assert_eq!(validate(&types[..], &choice, &list).unwrap_err().rule, "type", "{list}");
            assert_eq!(validate(&types[..], &choice, &object), Ok(()), "{object}");
        }
    }

    #[test]
    fn a_range_holds_for_numbers_and_not_for_what_is_absent() {
        let age = field("age", Ty::U32, vec![Rule::Range { min: Some(1.0), max: Some(9.0) }]);
        let types: [TypeDef; 0] = [];
        assert!(validate(&types[..], &age, &json!(9)).is_ok());
        assert!(validate(&types[..], &age, &json!(null)).is_ok());
        assert_eq!(validate(&types[..], &age, &json!(0)).unwrap_err().message, "at least 1");
        assert_eq!(validate(&types[..], &age, &json!(10)).unwrap_err().message, "at most 9");
    }
}
